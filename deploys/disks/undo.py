"""disks, taken back: what we mounted is unmounted; what holds a file stays where it is."""

from pathlib import Path

from deploys.disks.plan import ETC
from deploys.hostops import take_back

SCRIPT = (Path(__file__).parent / "templates" / "undo.sh").read_text(encoding="utf-8")


def undo() -> None:
    """Unmount; empty image files and logical volumes give the owner's room back."""
    take_back(name="Take back mounts", traces=(ETC,), script=SCRIPT)
