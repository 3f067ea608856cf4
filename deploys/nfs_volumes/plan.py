"""nfs_volumes, decided: PersistentVolumes, StorageClasses and the driver's values. Pure."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from deploys.hostops.wanted import File
from deploys.nfs_client.plan import options
from nightfleet.site import Site
from nightfleet.site.nfs import Use, Volume, VolumeClass
from nightfleet.site.shares import source

TEMPLATES = Path(__file__).parent / "templates"
ETC = "/etc/nightfleet/nfs_volumes"
NOTE = "nightfleet-nfs-volumes"  # ConfigMap in kube-system
# What the claim's folder becomes (csi-driver-nfs, driver-parameters.md), and what the volume object does.
RECLAIM = {"retain": ("retain", "Retain"), "archive": ("archive", "Delete"), "delete": ("delete", "Delete")}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Files on the first control plane; `manifests` of them are applied."""

    files: tuple[File, ...]
    manifests: tuple[str, ...]

    @property
    def sum(self) -> str:
        """Return what names these very manifests."""
        text = "".join(file.content for file in self.files if file.path in self.manifests)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Shown:
    """One share as the templates show it."""

    name: str
    server: str
    path: str
    options: list[str]
    use: Volume | VolumeClass


def plan(site: Site) -> Wanted:
    """Decide what the cluster gets."""
    volumes = [shown(site, name, use) for name, use in site.nfs.volumes.items()]
    classes = [shown(site, name, use) for name, use in site.nfs.classes.items()]
    files = []
    if volumes:
        files.append(
            File.from_template(f"{ETC}/volumes.yaml", TEMPLATES / "volumes.yaml.j2", volumes=volumes)
        )
    if classes:
        files.append(
            File.from_template(
                f"{ETC}/classes.yaml", TEMPLATES / "classes.yaml.j2", classes=classes, reclaim=RECLAIM
            )
        )
    values = File(
        f"{ETC}/csi-driver-nfs-values.yaml",
        (TEMPLATES / "csi-driver-nfs-values.yaml").read_text(encoding="utf-8"),
    )
    return Wanted((*files, *((values,) if classes else ())), tuple(file.path for file in files))


def shown(site: Site, name: str, use: Volume | VolumeClass) -> Shown:
    """Return a share with its server and mount options."""
    server, path = source(site, use)
    return Shown(name, server, path, of_pods(use), use)


def of_pods(use: Use) -> list[str]:
    """Return mount options for kubelet: `_netdev` is a word for systemd alone."""
    return [option for option in options(use) if option != "_netdev"]
