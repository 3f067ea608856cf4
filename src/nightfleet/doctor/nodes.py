"""The nodes as ssh sees them: port, login, clock and disks. Judging is pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nightfleet.finding import Finding, Status, gathered
from nightfleet.site import Node, Site

OFTEN_FULL = 80  # percent of a file system in use; kubelet evicts pods at 85 (imagefs) and 90 (nodefs)
FULL = 90
NOTICEABLE = 2.0  # seconds


@dataclass(frozen=True, slots=True)
class Look:
    """What one ssh login saw: the clock's difference to ours (with its error), and file systems in use."""

    skew: float  # seconds; positive when the node is ahead
    error: float  # seconds: half of the time that the question took
    used: Mapping[str, int]  # mount point: percent


def ports(site: Site, failures: Mapping[str, str]) -> Iterator[Finding]:
    """Judge TCP connects to every node's ssh port; `failures` has the reason of those that did not answer."""
    well = f"port {site.connection.port} answers"
    verdicts = {node.name: _port(site, node, failures.get(node.name)) for node in site.fleet}
    return gathered("ssh port", verdicts, well)


def logins(site: Site, looks: Mapping[str, Look | str]) -> Iterator[Finding]:
    """Judge the logins to nodes whose port answers; a text is what ssh complained about."""
    verdicts = {name: _login(site, site.node(name), look) for name, look in looks.items()}
    return gathered("ssh login", verdicts, f"{site.connection.user} may log in")


def clocks(site: Site, looks: Mapping[str, Look]) -> Iterator[Finding]:
    """Judge the clocks against this machine's; a larger skew is refused by converge."""
    furthest = max((abs(look.skew) for look in looks.values()), default=0.0)
    verdicts = {name: _clock(look, site.base.max_clock_skew) for name, look in looks.items()}
    return gathered("clock", verdicts, f"within {max(furthest, 0.1):.1f} s of this machine")


def disks(looks: Mapping[str, Look]) -> Iterator[Finding]:
    """Judge the file systems that Kubernetes fills."""
    fullest = max((used for look in looks.values() for used in look.used.values()), default=0)
    verdicts = {name: _disk(look) for name, look in looks.items()}
    return gathered("node disks", verdicts, f"at most {fullest} % in use")


def _port(site: Site, node: Node, failure: str | None) -> Finding:
    if failure is None:
        return Finding("ssh port", Status.OK, "answers")
    what = f"{node.address}:{site.connection.port}: {failure}"
    way_out = (
        "`nightfleet lab up`" if site.lab else "is it switched on, and sshd running? Look at its console"
    )
    return Finding("ssh port", Status.FAIL, what, way_out)


def _login(site: Site, node: Node, look: Look | str) -> Finding:
    if isinstance(look, Look):
        return Finding("ssh login", Status.OK, "may log in")
    if "host key" in look.lower():
        hint = "another machine answers, or this one was installed anew: compare fingerprints on its console"
        return Finding("ssh login", Status.FAIL, look, hint)
    by_hand = f"ssh -i {site.file(site.connection.key)} {site.connection.user}@{node.address}"
    return Finding("ssh login", Status.FAIL, look, f"by hand: {by_hand}")


def _clock(look: Look, most: int) -> Finding:
    away = max(0.0, abs(look.skew) - look.error)
    side = "ahead of" if look.skew > 0 else "behind"
    what = f"{abs(look.skew):.1f} s {side} this machine"
    if away > most:
        return Finding("clock", Status.FAIL, what, f"set it, or give it a time server; {most} s are allowed")
    if away > NOTICEABLE:
        return Finding("clock", Status.WARN, what, "does `chronyc tracking` on the node show a source?")
    return Finding("clock", Status.OK, what)


def _disk(look: Look) -> Finding:
    full = {place: used for place, used in look.used.items() if used >= OFTEN_FULL}
    if not full:
        return Finding("node disks", Status.OK, "room")
    status = Status.FAIL if max(full.values()) >= FULL else Status.WARN
    what = ", ".join(f"{place} {used} % in use" for place, used in full.items())
    return Finding("node disks", status, what, "kubelet evicts pods from a full node: remove or grow")
