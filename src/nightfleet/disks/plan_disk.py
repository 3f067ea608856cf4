"""Planning one whole disk: empty, ours and finished, ours and half finished, or not ours at all. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from nightfleet.disks import steps
from nightfleet.disks.blank import contents, described, in_use, unusable, why_not
from nightfleet.disks.choose import choose, consent, opens
from nightfleet.disks.found import MIB, Device, Found
from nightfleet.disks.planned import Part, Wanted, refused
from nightfleet.disks.sizes import HEAD, SLACK, down, shares, usable
from nightfleet.disks.steps import State, Step, label
from nightfleet.disks.volume import Volume, Wish
from nightfleet.disks.words import size, title
from nightfleet.site.disks import Place, Purpose

ERASE = "If nobody needs that: nightfleet disks apply --erase {node}:{name}"


def plan_disk(found: Found, wish: Wish, place: Place, wanted: Wanted) -> Part:
    """Decide about the disk that a place means."""
    disk, reasons = choose(found, place, lambda one: is_ours(found, wish, one), wish.opened)
    if disk is None:
        return refused("", reasons)
    bad = unusable(found, disk)
    sizes, reasons = shares(usable(disk.size), wanted)
    ours = is_ours(found, wish, disk)
    part = continued(found, wish, disk, sizes) if ours else begun(found, wish, disk, sizes)
    if bad and not (ours and not part.refusals and not part.steps):  # what is finished stays as it is
        return refused(title(disk), bad, disk.name)
    if ours and part.refusals and opens(found, wish.opened, disk):
        part = begun(found, wish, disk, sizes)
    if reasons and not part.refusals:
        return refused(title(disk), reasons, disk.name)
    return replace(part, notes=(*part.notes, *(f"{title(disk)}: {reason}" for reason in bad)))


def is_ours(found: Found, wish: Wish, disk: Device) -> bool:
    """Tell whether a disk has partitions of this node, and no sign of anything but their table."""
    named = [(_named(part), part) for part in found.partitions(disk)]
    ours = [(purpose, state, part) for (purpose, state), part in named if purpose is not None]
    known = all(state or part.uuid == wish.uuid(purpose) for purpose, state, part in ours)
    return bool(ours) and known and disk.tags.get("PTTYPE") == "gpt" and {*disk.signatures} <= {"gpt", "PMBR"}


def _named(part: Device) -> tuple[Purpose | None, State]:
    """`nightfleet-imagefs-new` -> imagefs, and how far it is."""
    names = {label(purpose, state): (purpose, state) for purpose in Purpose for state in State}
    return names.get(part.label, (None, State.DONE))


def begun(found: Found, wish: Wish, disk: Device, sizes: dict[Purpose, int]) -> Part:
    """A disk without our work: it is empty, or a person gave up what is on it, or it is refused."""
    before: list[Step] = []
    reasons = why_not(found, disk)
    if reasons and opens(found, wish.opened, disk):
        if reasons := list(in_use(found, disk)):
            told = [f"{one}; nobody may erase what is in use" for one in reasons]
            return refused(title(disk), told, disk.name)
        before = [steps.Erase(disk, tuple(contents(found, disk)))]
    elif reasons:
        name = consent(found, disk)
        out = ERASE.format(node=wish.node, name=name) if name else "Empty it by hand first"
        return refused(title(disk), [f"not empty: {'; '.join(reasons)}. {out}"], disk.name)
    parts = tuple(steps.Part(purpose, number) for purpose, number in sizes.items())
    made: list[Step] = [steps.MakeTable(disk, parts)]
    for number, part in enumerate(parts, start=1):
        made += _filled(wish, disk, number, part.purpose)
    return Part(steps=(*before, *names_last(made)), volumes=volumes(wish, disk, sizes), disk=disk.name)


def _filled(wish: Wish, disk: Device, number: int, purpose: Purpose, again: bool = False) -> list[Step]:
    made = steps.FormatPart(disk, number, purpose, wish.filesystem(purpose), wish.uuid(purpose), again)
    return [made, steps.NamePart(disk, number, purpose)]


def names_last(made: list[Step]) -> tuple[Step, ...]:
    """Put the names last: udev may read the table anew after each, and partitions vanish for a moment."""
    return tuple(sorted(made, key=lambda step: isinstance(step, steps.NamePart)))


def volumes(wish: Wish, disk: Device, sizes: dict[Purpose, int]) -> tuple[Volume, ...]:
    """Return the volumes of a disk."""
    name = disk.wwn or next(iter(disk.names), "without a serial")
    medium = f"the disk of serial {disk.serial}" if disk.serial else f"the disk {name}"
    return tuple(
        Volume(purpose, wish.filesystem(purpose), wish.uuid(purpose), number, medium, disk=disk.name)
        for purpose, number in sizes.items()
    )


@dataclass(slots=True)
class _Work:
    """What is found out about our own partitions, one after another."""

    reasons: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def continued(found: Found, wish: Wish, disk: Device, sizes: dict[Purpose, int]) -> Part:
    """A disk with our work: the finished is kept, the half finished is finished, what lacks is added."""
    parts, work = found.partitions(disk), _Work()
    there = {purpose: part for part in parts if (purpose := _named(part)[0]) is not None}
    strange = [part for part in parts if _named(part)[0] is None]
    for purpose, part in there.items():
        if purpose not in sizes:
            work.notes.append(f"{part.name} ({purpose}) is no longer in the layout: it is left as it is")
            continue
        if state := _named(part)[1]:
            _finish(wish, disk, purpose, part, state, work)
        _resize(disk, purpose, part, parts, sizes[purpose], work)
    missing = [purpose for purpose in sizes if purpose not in there]
    if missing and strange:
        told = ", ".join(map(described, strange))
        work.reasons.append(f"somebody else's partitions are between ours: {told}; nothing is added")
    elif missing:
        _add(wish, disk, parts, sizes, missing, work)
    if work.reasons:
        return refused(title(disk), work.reasons, disk.name)
    return Part(
        steps=names_last(work.steps),
        notes=tuple(work.notes),
        volumes=volumes(wish, disk, sizes),
        disk=disk.name,
    )


def _finish(wish: Wish, disk: Device, purpose: Purpose, part: Device, state: State, work: _Work) -> None:
    """Deal with a partition that was never given out: it is empty, finished, cut off, or somebody used it."""
    if reasons := list(_used(part)):
        work.reasons.append(f"{part.name} was never given out by us, and {', '.join(reasons)}")
    elif not part.signatures:
        if state is State.NEW and part.written is not False:
            work.reasons.append(f"{part.name} was never given out by us, and it is not proven to be empty")
        else:
            work.steps += _filled(wish, disk, part.number, purpose, again=state is State.BEGUN)
    elif state is State.NEW or part.filesystem != wish.filesystem(purpose) or part.uuid != wish.uuid(purpose):
        work.reasons.append(f"{part.name} was never given out by us, and holds {described(part)}")
    elif part.inside == "empty" or (part.filesystem == "swap" and part.inside == "unmountable"):
        work.steps += [steps.NamePart(disk, part.number, purpose)]
    elif part.inside == "unmountable":
        work.steps += _filled(wish, disk, part.number, purpose, again=True)
    else:
        work.reasons.append(
            f"{part.name} was never given out by us, and holds {part.inside or 'who knows what'}"
        )


def _used(part: Device) -> Iterator[str]:
    if part.mounted:
        yield f"it is mounted at {', '.join(part.mounted)}"
    if part.swapping:
        yield "it is swap in use"
    if part.holders:
        yield f"it is held by {', '.join(part.holders)}"


def _resize(
    disk: Device, purpose: Purpose, part: Device, parts: list[Device], wanted: int, work: _Work
) -> None:
    """Growing is done where there is room behind; shrinking never."""
    if wanted + SLACK < part.size:
        work.reasons.append(
            f"{purpose} has {size(part.size)}, and the layout wants {size(wanted)}: nothing is ever made"
            " smaller. Raise its size in the layout, or move the data and erase the disk"
        )
    elif wanted > part.size + SLACK:
        end = min([one.start for one in parts if one.start > part.start] or [HEAD + usable(disk.size)])
        room = down(end - part.start, MIB)
        if room < wanted:
            work.reasons.append(
                f"{purpose} has {size(part.size)}, and the layout wants {size(wanted)}, but behind it are"
                f" {size(max(room - part.size, 0))} only"
            )
        else:
            work.steps.append(steps.GrowPart(disk, part.number, purpose, wanted))


def _add(
    wish: Wish,
    disk: Device,
    parts: list[Device],
    sizes: dict[Purpose, int],
    lacking: list[Purpose],
    work: _Work,
) -> None:
    """Put what lacks behind what is there, as large as that will be."""
    ends = [one.start + max(one.size, sizes.get(_named(one)[0] or Purpose.VAR, 0)) for one in parts]
    free = down(HEAD + usable(disk.size) - max(ends), MIB)
    wanted = {purpose: sizes[purpose] for purpose in lacking}
    over = sum(wanted.values()) - free
    if over > SLACK:
        names = ", ".join(f"{purpose} {size(number)}" for purpose, number in wanted.items())
        work.reasons.append(f"{names} lack, and behind what is there {size(max(free, 0))} are free")
        return
    wanted[lacking[-1]] -= max(over, 0)  # partitions begin at whole MiB
    added = tuple(steps.Part(purpose, number) for purpose, number in wanted.items())
    last = max(part.number for part in parts)
    work.steps.append(steps.AddParts(disk, added, last))
    for number, part in enumerate(added, start=last + 1):
        work.steps += _filled(wish, disk, number, part.purpose)
