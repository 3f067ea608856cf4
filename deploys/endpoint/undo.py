"""endpoint, taken back: this node lets go of the address, and another holds it."""

from deploys.endpoint.plan import ETC, TEMPLATES, UNITS
from deploys.hostops import take_back

TRACES = (ETC, f"{UNITS}/nightfleet-haproxy.service", f"{UNITS}/nightfleet-keepalived.service")


def undo() -> None:
    """Stop both programs; their packages go with the others (base)."""
    script = (TEMPLATES / "undo.sh").read_text(encoding="utf-8")
    take_back(name="Take back the endpoint", traces=TRACES, script=script)
