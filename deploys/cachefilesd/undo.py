"""cachefilesd, taken back: the daemon stops, and what it kept goes."""

from deploys.cachefilesd.plan import ETC, TEMPLATES, UNIT
from deploys.hostops import take_back


def undo() -> None:
    """Stop the cache; its package goes with the others (base)."""
    script = (TEMPLATES / "undo.sh").read_text(encoding="utf-8")
    take_back(name="Take back the cache", traces=(ETC, UNIT), script=script)
