"""disks: filesystems of their own for images, pods and jobs (README.md says what it owns and refuses)."""

from pyinfra.api.deploy import deploy

from deploys.disks.facts import planned_here
from deploys.disks.operations import bind_logs, grow_filesystems, lay_out
from deploys.disks.plan import Wanted, plan, refusals
from deploys.hostops import (
    install_packages,
    node,
    place,
    refuse_if,
    report_progress,
    request_reboot,
    run_units,
    site,
)


@deploy("disks")
def disks() -> None:
    """Lay out the disks as the site says for this class; without a layout nothing is looked at or touched."""
    report_progress()
    if site().layout(node()):
        lay_out_disks()


def lay_out_disks() -> None:
    """Refuse, or carry the planner's steps out and mount what they made."""
    found, planned = planned_here()
    wanted = plan(site(), node(), found, planned)
    refuse_if(name="Look at what is on the disks", reasons=refusals(planned, wanted))
    install(wanted)
    configure(wanted)
    activate(wanted)


def install(wanted: Wanted) -> None:
    """Partitions, volumes, image files, and filesystems on them."""
    install_packages(
        name="Install packages", packages=wanted.packages, lock_timeout=site().base.apt_lock_timeout
    )
    lay_out(name="Lay out disks")


def configure(wanted: Wanted) -> None:
    """Units that mount them, and kubelet's thresholds for their sizes."""
    place(name="Write mount units and kubelet's thresholds", files=wanted.files, absent=wanted.absent)


def activate(wanted: Wanted) -> None:
    """Mount; a filesystem smaller than what it lies on grows. A new /tmp waits for the next boot."""
    run_units(name="Mount filesystems", units=wanted.units)
    bind_logs(name="Put logs of pods on kubelet's filesystem", unit=wanted.logs)
    grow_filesystems(name="Grow filesystems")
    request_reboot(name="Ask for a reboot", capability="disks", reasons=wanted.reboot)
