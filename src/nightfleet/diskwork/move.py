"""Moving a live node's images and pods onto filesystems of their own, decided. Pure.

What is left to do follows from what the node looks like now: an interrupted move goes on, a finished one has
nothing left.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from nightfleet.disks.plan import DiskPlan
from nightfleet.disks.volume import LOGS, Volume
from nightfleet.disks.words import size
from nightfleet.diskwork.survey import Surveyed
from nightfleet.site.disks import Purpose

MOVED = (Purpose.IMAGEFS, Purpose.NODEFS)
MAKERS = {"sfdisk": "fdisk", "mkfs.xfs": "xfsprogs", "mkfs.ext4": "e2fsprogs"}  # tool -> its package
FULL = 90  # percent of a new filesystem that its content may take from the start


class Step(StrEnum):
    """The steps of a move, in their order; EMPTY is of the way back alone."""

    CLOSE = "no new pods; those that are here leave"
    MAKE = "filesystems are made"
    HOLD = "kubelet and containerd stop"
    COPY = "images and pods are copied and compared"
    ASIDE = "the old folders make room"
    MOUNT = "the new filesystems are mounted"
    START = "containerd and kubelet start"
    OPEN = "the node is Ready, and open for pods"
    TIDY = "the old folders go"
    EMPTY = "what was copied leaves the new filesystems"


FORWARD = tuple(step for step in Step if step is not Step.EMPTY)
BACK = (Step.EMPTY, Step.START, Step.OPEN)


@dataclass(frozen=True, slots=True)
class Here:
    """What a node says about a move. Bytes.

    `member`: its kubelet belongs to a cluster. `aside`: old folders have made room. `lacks`: tools.
    """

    held: bool
    old: tuple[str, ...]
    used: Mapping[str, int]
    member: bool = False
    aside: bool = False
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MovePlan:
    """What is left to do on one node; with refusals nothing is done."""

    node: str
    steps: tuple[Step, ...] = ()
    refusals: tuple[str, ...] = ()
    volumes: tuple[Volume, ...] = ()
    made: tuple[str, ...] = ()  # what is made first, in words
    bytes: int = 0


def read_here(output: Iterable[str]) -> Here:
    """Read the answer of `look` in templates/move.sh. ValueError when it is none."""
    held, member, aside, old, lacks, used = False, False, False, [], [], {}
    for line in output:
        match line.split():
            case ["held"]:
                held = True
            case ["member"]:
                member = True
            case ["aside"]:
                aside = True
            case ["lacks", tool]:
                lacks.append(tool)
            case ["old", path]:
                old.append(path)
            case ["used", number, path]:
                used[path] = int(number)
    return Here(held, tuple(old), used, member, aside, tuple(lacks))


def plan_move(
    surveyed: Surveyed, here: Here, is_member_plane: bool, is_known: bool, pull: bool, window: str
) -> MovePlan:
    """Decide what is left; `window` says why this is not the time, empty when it is.

    `is_known`: the cluster could be asked about the node, and has it.
    """
    name, planned = surveyed.node, surveyed.planned
    if surveyed.silent or planned is None:
        return MovePlan(name, refusals=(surveyed.silent or "its class has no layout: nothing to move to",))
    volumes = tuple(one for one in planned.volumes if one.purpose in MOVED)
    filled = surveyed.found.filled if surveyed.found else {}
    waiting = [one for one in volumes if one.where in here.used and one.where in filled]
    if not waiting and not here.held:
        steps = (Step.START, Step.OPEN, Step.TIDY) if here.old else ()
        return MovePlan(name, steps, volumes=volumes)
    reasons = [*surveyed.refusals, *misfits(waiting, here.used, pull), *without_tools(planned, here.lacks)]
    if here.member and not is_known:
        reasons.append(
            "its kubelet belongs to a cluster that cannot be asked from here, so its pods could not leave:"
            " there is no kubeconfig, or it is another cluster's; `nightfleet converge` writes it"
        )
    if is_member_plane:
        reasons.append(
            "it is a control plane, and its etcd would stop: `nightfleet node leave` takes it out, a converge"
            " with the layout takes it in again"
        )
    if window and not here.held:
        reasons.append(f"{window}; wait, or give a reason with --outside-window")
    return MovePlan(
        name,
        steps=() if reasons else FORWARD,
        refusals=tuple(reasons),
        volumes=volumes,
        made=made(planned),
        bytes=sum(here.used[one.where] for one in waiting if not (pull and one.purpose is Purpose.IMAGEFS)),
    )


def plan_back(name: str, here: Here, is_closed: bool) -> MovePlan:
    """Decide how a move is given up; `is_closed`: it was the move that keeps pods away."""
    if here.old or here.aside:
        told = (
            f"the old folders have made room already: `nightfleet disks migrate {name}` goes on to its end;"
            " until its last step they are kept as *.nightfleet-old"
        )
        return MovePlan(name, refusals=(told,))
    return MovePlan(name, BACK if here.held or is_closed else ())


def without_tools(planned: DiskPlan, lacks: Sequence[str]) -> list[str]:
    """Say which tools lack for what is made; a converge brings them only once the node has moved."""
    if not planned.steps:
        return []
    kinds = {f"mkfs.{volume.filesystem}" for volume in planned.volumes}
    needed = kinds | {"sfdisk" for volume in planned.volumes if volume.disk}
    return [f"it has no {tool}: apt-get install {MAKERS[tool]}" for tool in lacks if tool in needed]


def misfits(waiting: Sequence[Volume], used: Mapping[str, int], pull: bool) -> list[str]:
    """Say what does not fit into its new filesystem."""
    reasons = []
    for volume in waiting:
        needed = used[volume.where] + (used.get(LOGS, 0) if volume.purpose is Purpose.NODEFS else 0)
        if pull and volume.purpose is Purpose.IMAGEFS:
            continue
        if needed > volume.size * FULL // 100:
            pulled = ", or --pull leaves the images behind" if volume.purpose is Purpose.IMAGEFS else ""
            reasons.append(
                f"{volume.where} holds {size(needed)}, its new filesystem has {size(volume.size)}: make it"
                f" larger{pulled}"
            )
    return reasons


def made(planned: DiskPlan) -> tuple[str, ...]:
    """Say what is made before anything moves."""
    return tuple(step.says() for step in planned.steps)


def script(words: str, step: Step, volumes: Sequence[Volume], pull: bool) -> str:
    """Return what carries a step out on the node, in words of templates/move.sh."""
    lines = [words, "alone"]
    for volume in volumes:
        folders = f"{volume.where} {LOGS}" if volume.purpose is Purpose.NODEFS else volume.where
        how = "pull" if pull and volume.purpose is Purpose.IMAGEFS else "copy"
        options = "rw,loop" if volume.image else "rw"
        if step is Step.COPY:
            what = f"{volume.what} {volume.filesystem} {options} {how}"
            lines.append(f"copied {volume.purpose} {volume.where} {what}")
        if step is Step.ASIDE:
            lines.append(f"aside {volume.purpose} {folders}")
    calls = {Step.HOLD: "held", Step.START: "released", Step.TIDY: "tidied", Step.EMPTY: "emptied"}
    if step in calls:
        lines.append(calls[step])
    return "\n".join(lines)
