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
FULL = 90  # percent of a new filesystem that its content may take from the start


class Step(StrEnum):
    """The steps of a move, in their order."""

    CLOSE = "no new pods; those that are here leave"
    MAKE = "filesystems are made"
    HOLD = "kubelet and containerd stop"
    COPY = "images and pods are copied and compared"
    ASIDE = "the old folders make room"
    MOUNT = "the new filesystems are mounted"
    START = "containerd and kubelet start"
    OPEN = "the node is Ready, and open for pods"
    TIDY = "the old folders go"


@dataclass(frozen=True, slots=True)
class Here:
    """What a node says about a move. Bytes."""

    held: bool
    old: tuple[str, ...]
    used: Mapping[str, int]


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
    held, old, used = False, [], {}
    for line in output:
        match line.split():
            case ["held"]:
                held = True
            case ["old", path]:
                old.append(path)
            case ["used", number, path]:
                used[path] = int(number)
    return Here(held, tuple(old), used)


def plan_move(surveyed: Surveyed, here: Here, is_member_plane: bool, pull: bool, window: str) -> MovePlan:
    """Decide what is left; `window` says why this is not the time, empty when it is."""
    name, planned = surveyed.node, surveyed.planned
    if surveyed.silent or planned is None:
        return MovePlan(name, refusals=(surveyed.silent or "its class has no layout: nothing to move to",))
    volumes = tuple(one for one in planned.volumes if one.purpose in MOVED)
    filled = surveyed.found.filled if surveyed.found else {}
    waiting = [one for one in volumes if one.where in here.used and one.where in filled]
    if not waiting and not here.held:
        steps = (Step.START, Step.OPEN, Step.TIDY) if here.old else ()
        return MovePlan(name, steps, volumes=volumes)
    reasons = [*surveyed.refusals, *misfits(waiting, here.used, pull)]
    if is_member_plane:
        reasons.append(
            "it is a control plane, and its etcd would stop: `nightfleet node leave` takes it out, a converge"
            " with the layout takes it in again"
        )
    if window and not here.held:
        reasons.append(f"{window}; wait, or give a reason with --outside-window")
    return MovePlan(
        name,
        steps=() if reasons else tuple(Step),
        refusals=tuple(reasons),
        volumes=volumes,
        made=made(planned),
        bytes=sum(here.used[one.where] for one in waiting if not (pull and one.purpose is Purpose.IMAGEFS)),
    )


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
    calls = {Step.HOLD: "held", Step.START: "released", Step.TIDY: "tidied"}
    if step in calls:
        lines.append(calls[step])
    return "\n".join(lines)
