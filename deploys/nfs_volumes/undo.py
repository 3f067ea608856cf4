"""nfs_volumes, taken back: files on the host; what is in the cluster is the cluster's."""

from deploys.hostops import take_back
from deploys.nfs_volumes.plan import ETC, TEMPLATES


def undo() -> None:
    """Remove the manifests."""
    script = (TEMPLATES / "undo.sh").read_text(encoding="utf-8")
    take_back(name="Take back manifests of volumes", traces=(ETC,), script=script)
