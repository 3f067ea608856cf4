"""What Kubernetes is told of the shares: PersistentVolumes, and settings of ceph-csi. Pure."""

from deploys.cephfs_client.plan import TEMPLATES
from deploys.hostops.wanted import File
from nightfleet.site import Site

FOLDER = "/etc/nightfleet/cephfs"
OF_CSI = ("csi-values", "csi-storage-class", "csi-volumes")
ALL = tuple(f"{FOLDER}/{name}.yaml" for name in ("volumes", *OF_CSI))
NAMESPACE = "ceph-csi"  # of the driver and its secrets


def volumes(site: Site) -> tuple[File, ...]:
    """Return the files of a site; those of ceph-csi only where it is used."""
    if not site.cephfs.shares:
        return ()
    return tuple(render(site, name) for name in ("volumes", *(OF_CSI if site.cephfs.csi else ())))


def render(site: Site, name: str) -> File:
    """Render one of the files."""
    return File.from_template(
        f"{FOLDER}/{name}.yaml",
        TEMPLATES / f"{name}.yaml.j2",
        cephfs=site.cephfs,
        csi=site.cephfs.csi,
        namespace=NAMESPACE,
        replicas=min(2, len(site.fleet)),
    )
