"""containerd: the container runtime, with runc and the CNI plugins (README.md says what it owns)."""

from pyinfra.api.deploy import deploy

from deploys.containerd.plan import Wanted, plan
from deploys.hostops import install_artifacts, machine, node, place, report_progress, run_units, site
from nightfleet.depot.model import load_index


@deploy("containerd")
def containerd() -> None:
    """Install, configure and run containerd."""
    report_progress()
    wanted = plan(machine(), site(), node(), load_index())
    install(wanted)
    configure(wanted)
    activate(wanted)


def install(wanted: Wanted) -> None:
    """Artifacts of the version lock."""
    install_artifacts(
        name="Install containerd, runc and CNI plugins",
        installs=wanted.installs,
        depot=site().artifacts.depot,
    )


def configure(wanted: Wanted) -> None:
    """Files only. Mirrors are read at each pull, so they need no restart."""
    place(name="Write config.toml, mirrors and the unit", files=wanted.files)


def activate(wanted: Wanted) -> None:
    """Run it; containers live on while it restarts."""
    run_units(name="Run containerd", units=wanted.units)
