"""What an upgrade needs of the local depot, and what of it is not there. Pure."""

from nightfleet.depot.model import IMAGES, Index, Lock
from nightfleet.site import Site

FETCH = "nightfleet depot fetch"
PROGRAMS = ("kubelet", "kubeadm", "kubectl")


def missing(site: Site, lock: Lock, index: Index) -> dict[str, str]:
    """Return what is not in the version lock or not in the depot, each with what would bring it."""
    versions = {site.artifacts.kubernetes, *(node.kubernetes for node in site.fleet)}
    wanted = [
        *((name, version) for version in sorted(versions) for name in PROGRAMS),
        ("containerd", site.artifacts.containerd),
        ("runc", site.artifacts.runc),
    ]
    unknown = {
        f"{name} {version} is not in versions.yaml": f"locked: {', '.join(lock.artifacts[name].versions)}"
        for name, version in wanted
        if version not in lock.artifacts[name].versions
    }
    there = {(one.name, one.version) for one in index.files if not one.reference}
    absent = {
        f"{name} {version} is not in the depot": f"{FETCH} {name}@{version}"
        for name, version in wanted
        if version in lock.artifacts[name].versions and (name, version) not in there
    }
    stored = {one.reference for one in index.files}
    images = {
        f"{IMAGES} of Kubernetes {version} are not in the depot": f"{FETCH} --kubernetes {version}"
        for version in sorted(versions & set(lock.kubernetes))
        if not (references := set(index.kubernetes.get(version, ()))) or not references <= stored
    }
    return unknown | absent | images
