"""Folders that no share may hide or give away."""

from nightfleet.site.disks import MOUNTPOINTS

# Nobody means to give these to the network, or to hide them under it.
SYSTEM = ("/bin", "/boot", "/dev", "/etc", "/lib", "/proc", "/root", "/run", "/sbin", "/sys", "/usr", "/opt")
WHOLE = ("/", "/home", "/mnt", "/srv", "/tmp", "/var", "/var/lib", "/var/cache", "/var/log")
OURS = (
    "/var/lib/kubelet",
    "/var/lib/containerd",
    "/var/lib/etcd",
    "/var/lib/nightfleet",
    "/var/log/pods",
    "/var/cache/fscache",
)


def below(path: str, folder: str) -> bool:
    """Tell whether a path is a folder or lies in it."""
    return path == folder or path.startswith(f"{folder.rstrip('/')}/")


def is_the_systems(path: str) -> bool:
    """Tell whether a path belongs to the system, to Kubernetes or to us."""
    return path in WHOLE or path in MOUNTPOINTS.values() or any(below(path, one) for one in (*SYSTEM, *OURS))
