"""nfs_server, taken back: nothing is served any more; what lies in the folders stays."""

from deploys.hostops import take_back
from deploys.nfs_server.plan import ETC, TEMPLATES


def undo() -> None:
    """Stop serving; the packages go with the others (base)."""
    script = (TEMPLATES / "undo.sh").read_text(encoding="utf-8")
    take_back(name="Take back the NFS server", traces=(ETC,), script=script)
