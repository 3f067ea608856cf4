"""backup: snapshots of etcd with the keys of the cluster, on a timer (README.md says what it owns)."""

from pyinfra.api.deploy import deploy

from deploys.backup.operations import have_bucket, have_key, let_in
from deploys.backup.plan import Wanted, keeper, plan, senders
from deploys.hostops import install_packages, node, place, report_progress, run_units, site
from nightfleet.site import Role


@deploy("backup")
def backup() -> None:
    """What one host gets when it is called alone: control planes make backups, one node may keep copies."""
    if node().has(Role.CONTROL_PLANE):
        make_backups()
    keep_copies()


@deploy("backup: make")
def make_backups() -> None:
    """Every control plane makes backups that only the operator can open."""
    report_progress()
    wanted = plan(site(), node())
    install(wanted)
    configure(wanted)
    activate(wanted)


@deploy("backup: keep copies")
def keep_copies() -> None:
    """The node that the site names takes copies, once the control planes have keys; others take none."""
    report_progress()
    wanted = keeper(site(), node())
    place(name="Write what takes copies", files=wanted.files, absent=wanted.absent)
    let_in(name="Let control planes send copies", sources=wanted.sources, keep=site().backup.keep)


def install(wanted: Wanted) -> None:
    """What encrypts."""
    install_packages(
        name="Install packages", packages=wanted.packages, lock_timeout=site().base.apt_lock_timeout
    )


def configure(wanted: Wanted) -> None:
    """Files, and the key that copies are sent with."""
    place(name="Write scripts, units and recipients", files=wanted.files, absent=wanted.absent)
    have_key(
        name="Have a key for copies", keeper=site().backup.copy_to if node() in senders(site()) else None
    )
    have_bucket(name="Have the keys of the bucket", s3=site().backup.s3)


def activate(wanted: Wanted) -> None:
    """Keep the timer running."""
    run_units(name="Run the timer", units=wanted.units)
