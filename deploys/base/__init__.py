"""base: what every machine gets before anything else (README.md says what it owns)."""

from collections.abc import Sequence

from pyinfra.api.deploy import deploy

from deploys.base.operations import apply_kernel, be_called, know_names, settle_swap
from deploys.base.plan import Wanted, plan, refusals
from deploys.hostops import (
    install_packages,
    machine,
    node,
    place,
    refuse_if,
    remember_machine,
    report_progress,
    run_units,
    site,
)


@deploy("base")
def base(ahead: Sequence[str] = ()) -> None:
    """Refuse what cannot become a node, then give it clock, names, kernel settings and an account.

    `ahead` are packages of capabilities that follow: to install them now saves a run of apt for each.
    """
    report_progress()
    refuse_if(name="Look at the machine", reasons=refusals(machine(), site(), node()))
    remember_machine(name="Remember the machine as it is")
    wanted = plan(site(), node())
    install(wanted, ahead)
    configure(wanted)
    activate(wanted)


def install(wanted: Wanted, ahead: Sequence[str] = ()) -> None:
    """Packages, after the drop-ins that keep them from starting as their maintainers think."""
    place(name="Write service drop-ins", files=wanted.drop_ins)
    install_packages(
        name="Install packages",
        packages=(*wanted.packages, *ahead),
        lock_timeout=site().base.apt_lock_timeout,
    )


def configure(wanted: Wanted) -> None:
    """Files only."""
    place(name="Write settings", files=wanted.files, links=wanted.links, absent=wanted.absent)
    know_names(name="Know the other nodes", entries=wanted.hosts)


def activate(wanted: Wanted) -> None:
    """Put settings into force."""
    be_called(name="Set the host name", hostname=wanted.hostname)
    settle_swap(name="Settle swap", policy=wanted.swap)
    apply_kernel(
        name="Load modules, set sysctls, make the account",
        modules=wanted.modules,
        sysctls=wanted.sysctls,
        account=wanted.account,
    )
    run_units(name="Keep the clock", units=wanted.units)
