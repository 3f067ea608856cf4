"""Which nodes reboot together, in which order, or why not now. Pure.

Workers first, `maintenance.at_once` at a time; then, each alone, machines that serve others; then the control
planes, one after another, the first one last. A fleet that loses a worker so still has all of its brain.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from nightfleet.cluster.drain import DrainPlan
from nightfleet.cluster.etcd import why_not_stop
from nightfleet.cluster.nodes import not_ready
from nightfleet.ledger import Entry, Event
from nightfleet.membership.watched import Watched
from nightfleet.site import Role, Site

RUN = "reboot"  # in the ledger
WHOLE, BOOT = "all", "boot"  # steps there: the whole command, and one machine


@dataclass(frozen=True, slots=True)
class Need:
    """Why a machine wants a reboot: who asked for it, and what for."""

    by: str  # a capability, or `system`
    reason: str


@dataclass(frozen=True, slots=True)
class Booted:
    """A machine as it is between two reboots."""

    boot_id: str
    kernel: str
    newest: str  # of the kernels on its disk; empty where the kernel is not the machine's own
    state: str  # systemctl is-system-running
    failed: tuple[str, ...] = ()  # units
    needs: tuple[Need, ...] = ()
    joined: bool = False  # it belongs to a cluster

    @property
    def expected(self) -> str:
        """The kernel that a reboot should bring."""
        return self.newest or self.kernel


@dataclass(frozen=True, slots=True)
class RebootPlan:
    """Waves of node names, or reasons to refuse; `skipped` were done by a run that was cut off."""

    waves: tuple[tuple[str, ...], ...]
    refusals: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    pods: Mapping[str, int] = field(default_factory=dict)  # how many each node has to see off


def plan(
    site: Site,
    chosen: Collection[str],
    seen: Watched | None,
    drains: Mapping[str, DrainPlan],
    at_once: int = 0,
    anyway: str = "",
    force: bool = False,
    done: Collection[str] = (),
    blind: Collection[str] = (),
) -> RebootPlan:
    """Decide. `done` are nodes that an interrupted run of the same command has rebooted already.

    `blind` are those of a cluster that nobody can ask, as there is no kubeconfig here.
    """
    todo = [name for name in chosen if name not in done]
    size = at_once or site.maintenance.at_once
    refusals = [
        *_unasked(site, [name for name in todo if name in blind]),
        *_refusals(site, todo, seen, anyway),
        *_away(todo, seen, size),
        *_lost(drains, todo, force),
    ]
    waves = (*_chunks(_workers(site, todo), size), *((name,) for name in _alone(site, todo)))
    skipped = tuple(name for name in chosen if name in done)
    pods = {name: len(drains[name].evict) for name in todo if name in drains}
    return RebootPlan(waves, tuple(refusals), skipped, pods)


def interrupted(entries: Sequence[Entry], chosen: Collection[str]) -> tuple[str, ...]:
    """Return what a run over the same nodes had done when it was cut off; empty when the last one ended."""
    began: Entry | None = None
    done: list[str] = []
    for entry in entries:
        if entry.step == WHOLE:
            began = entry if entry.event is Event.BEGUN else None
            done = []
        elif entry.step == BOOT and entry.event is Event.DONE:
            done.append(entry.node)
    same = began is not None and began.data.get("nodes") == " ".join(chosen)
    return tuple(done) if same else ()


def pending(entries: Sequence[Entry], name: str) -> str:
    """Return the boot id that a node had when its reboot began and nobody saw the end of it; "" else."""
    mine = [entry for entry in entries if entry.step == BOOT and entry.node == name]
    return mine[-1].data.get("boot_id", "") if mine and mine[-1].event is Event.BEGUN else ""


def why_not_back(before: str, expected: str, now: Booted | None) -> str:
    """Say what is missing until a machine is back; "" when it is: another boot id, and booted to the end."""
    if now is None:
        return "it does not answer"
    if now.boot_id == before:
        return "its boot id has not changed: it is still the old boot"
    if now.state not in ("running", "degraded"):
        return f"systemd is {now.state}"
    if now.kernel != expected:
        return f"it runs kernel {now.kernel}, not {expected}"
    return ""


def read_booted(output: str) -> Booted:
    """Read the answer to rebooting.ASK: key=value lines. KeyError when one is missing."""
    pairs = [line.partition("=")[::2] for line in output.splitlines() if "=" in line]
    values = dict(pairs)
    needs = [Need(*value.partition(" ")[::2]) for key, value in pairs if key == "need"]
    kernel, newest = values["kernel"], values.get("newest", "")
    if newest and newest != kernel:
        needs.append(Need("system", f"kernel {newest} is installed, {kernel} runs"))
    failed = tuple(value for key, value in pairs if key == "failed")
    return Booted(
        values["boot_id"], kernel, newest, values["state"], failed, tuple(needs), joined="joined" in values
    )


def _unasked(site: Site, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    who = f"{', '.join(names)} {'belongs' if len(names) == 1 else 'belong'} to a cluster"
    way = f"nightfleet converge {site.first_control_plane.name} --site {site.site} brings it here"
    return [f"{who}, and without its kubeconfig nobody can look at pods and etcd; {way}"]


def _refusals(site: Site, todo: Sequence[str], seen: Watched | None, anyway: str) -> list[str]:
    reasons: list[str] = []
    if seen is None or not todo:
        return reasons
    if seen.window and not anyway:
        reasons.append(f"{seen.window}; wait, or give a reason with --outside-window")
    planes = [name for name in todo if _is_plane(site, name)]
    if planes and seen.faults:
        reasons.append(f"nobody can tell whether etcd would keep its quorum: {'; '.join(seen.faults)}")
    elif planes:
        reasons += [
            f"{why}; bring the others back first: nightfleet doctor --site {site.site}"
            for name in planes
            if (why := why_not_stop(seen.members, name))
        ]
    return reasons


def _away(todo: Sequence[str], seen: Watched | None, size: int) -> list[str]:
    """Nodes that are away already count: with them no more than `at_once` may be missing."""
    away = not_ready(seen.nodes.values(), todo) if seen else []
    if not todo or not away or len(away) < size:
        return []
    verb = "is" if len(away) == 1 else "are"
    most = f"at most {size} may be away at once; bring it back first, reboot it too, or raise --at-once"
    return [f"{', '.join(sorted(away))} {verb} not Ready, and {most}"]


def _lost(drains: Mapping[str, DrainPlan], todo: Sequence[str], force: bool) -> list[str]:
    lost = [f"{pod} on {name}" for name in todo if name in drains for pod in drains[name].lost]
    if not lost or force:
        return []
    return [
        f"nobody would bring these pods back: {', '.join(lost)}; end them by their owners' will, or --force"
    ]


def _workers(site: Site, names: Sequence[str]) -> list[str]:
    return [name for name in names if site.node(name).roles == {Role.WORKER}]


def _alone(site: Site, names: Sequence[str]) -> list[str]:
    others = [name for name in names if site.node(name).roles != {Role.WORKER}]
    return sorted(others, key=lambda name: (_is_plane(site, name), name == site.first_control_plane.name))


def _is_plane(site: Site, name: str) -> bool:
    return site.node(name).has(Role.CONTROL_PLANE)


def _chunks(names: Sequence[str], size: int) -> list[tuple[str, ...]]:
    return [tuple(names[begin : begin + size]) for begin in range(0, len(names), size)]
