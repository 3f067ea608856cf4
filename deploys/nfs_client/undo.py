"""nfs_client, taken back: shares are unmounted, by force where their server is away."""

from deploys.hostops import take_back
from deploys.nfs_client.plan import ETC, TEMPLATES


def undo() -> None:
    """Unmount; the package goes with the others (base)."""
    script = (TEMPLATES / "undo.sh").read_text(encoding="utf-8")
    take_back(name="Take back mounts of shares", traces=(ETC,), script=script)
