"""cephfs_client: folders of a CephFS, mounted when somebody looks (README.md says what it owns)."""

from collections.abc import Mapping

from pyinfra.api.deploy import deploy

from deploys.cephfs_client.facts import Ceph
from deploys.cephfs_client.operations import forget, prove_cache, renew
from deploys.cephfs_client.plan import Found, Wanted, plan, refusals
from deploys.cephfs_client.volumes import ALL, volumes
from deploys.hostops import install_packages, node, place, refuse_if, report_progress, run_units, site
from deploys.hostops.this import ask
from nightfleet.errors import NightfleetError
from nightfleet.site.cephfs import Share, key_of


@deploy("cephfs_client")
def cephfs_client() -> None:
    """What one host gets when it is called alone; the first control plane has the objects too."""
    mount_shares()
    if node().name == site().first_control_plane.name:
        offer_volumes()


@deploy("cephfs_client: mount")
def mount_shares() -> None:
    """Mount the shares of this node's class; let go of those that the site no longer has."""
    report_progress()
    shares = site().cephfs.of_class(node().class_name)
    if shares:
        mount(shares)
    else:
        forget(name="Let go of shares that are no more")


@deploy("cephfs_client: volumes")
def offer_volumes() -> None:
    """Write what Kubernetes is told of the shares; whoever rules the cluster applies it."""
    report_progress()
    files = volumes(site())
    absent = sorted(set(ALL) - {file.path for file in files})
    place(name="Write objects for Kubernetes", files=files, absent=absent)


def mount(shares: Mapping[str, Share]) -> None:
    """Refuse what cannot be mounted; else wait at each place for who looks."""
    found: Found = ask(Ceph, places=[share.at for share in shares.values()])
    keys, unread = read_keys(shares)
    refuse_if(
        name="Look for a client and for free places", reasons=[*unread, *refusals(site(), node(), found)]
    )
    wanted = plan(site(), node(), found, keys)
    install(wanted)
    configure(wanted)
    activate(wanted)


def read_keys(shares: Mapping[str, Share]) -> tuple[dict[str, str], list[str]]:
    """Read the operator's files of keys; a client whose key is not to be had is a reason to refuse."""
    keys, unread = {}, []
    for share in shares.values():
        path = site().file(share.keyring)
        keys[share.client] = ""
        try:
            keys[share.client] = key_of(path.read_text(encoding="utf-8"), share.client, str(path))
        except OSError as error:
            unread.append(f"the keyring of client.{share.client} cannot be read: {path}: {error.strerror}")
        except NightfleetError as error:
            unread.append(f"{error.where}: {error.what}; {error.hint}")
    return keys, unread


def install(wanted: Wanted) -> None:
    """The kernel's helper, or ceph-fuse."""
    install_packages(
        name="Install packages", packages=wanted.packages, lock_timeout=site().base.apt_lock_timeout
    )


def configure(wanted: Wanted) -> None:
    """Forget what is no more; then the monitors' addresses, keys for root alone, and units."""
    forget(name="Let go of shares that are no more", except_for=[file.path for file in wanted.files])
    place(name="Write monitors, keys and units", files=wanted.files)


def activate(wanted: Wanted) -> None:
    """Wait at each place; what is mounted otherwise than the site says is mounted again."""
    run_units(name="Wait for who looks", units=wanted.units)
    renew(name="Mount again what is mounted otherwise", wanted=wanted)
    prove_cache(name="See that caches are on", places=wanted.cached)
