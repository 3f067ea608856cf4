"""containerd, taken back: every container of ours ends, then the runtime and its images go."""

from pathlib import Path

from deploys.hostops import take_back

TRACES = (
    "/opt/nightfleet/containerd",
    "/opt/nightfleet/runc",
    "/opt/nightfleet/cni-plugins",
    "/etc/systemd/system/containerd.service",
    "/etc/containerd/conf.d/README",
)
SCRIPT = (Path(__file__).parent / "templates" / "undo.sh").read_text(encoding="utf-8")


def undo() -> None:
    """Take the runtime away with everything that it ran and pulled."""
    take_back(name="Take back containerd", traces=TRACES, script=SCRIPT)
