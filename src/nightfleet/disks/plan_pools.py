"""Planning room that is shared with an owner: free extents of a volume group, or files in a folder. Pure."""

from nightfleet.disks.blank import described
from nightfleet.disks.found import Device, Found, Logical
from nightfleet.disks.planned import Part, Wanted, refused
from nightfleet.disks.sizes import SLACK, down, shares
from nightfleet.disks.steps import State, Step, label
from nightfleet.disks.steps_lvm import GrowImage, GrowLogical, MakeImage, MakeLogical
from nightfleet.disks.volume import Volume, Wish
from nightfleet.disks.words import size
from nightfleet.site.disks import Place, Purpose, amount

SHRINK = "nothing is ever made smaller"


def plan_group(found: Found, wish: Wish, place: Place, wanted: Wanted) -> Part:
    """Decide about logical volumes in a volume group that is there."""
    name = place.volume_group or ""
    group = found.groups.get(name)
    if group is None:
        known = ", ".join(found.groups) or "none"
        return refused("", [f"there is no volume group {name!r}; there are: {known}"])
    logicals = {one.name: one for one in found.logicals if one.group == name}
    ours = [one for p in wanted for state in State if (one := logicals.get(label(p, state)))]
    room = group.free + sum(one.size for one in ours)
    if place.space:
        room = min(room, amount(place.space))
    kept = {p: done.size for p in wanted if (done := logicals.get(label(p)))}
    sizes, reasons = shares(room, wanted, group.extent, kept)
    fair, _ = shares(room, wanted, group.extent)
    notes = [
        f"{purpose} keeps its {size(number)}, and would get {size(fair[purpose])} of what volume group {name}"
        " has for us by now"
        for purpose, number in kept.items()
        if number == sizes[purpose] > fair[purpose] + SLACK
    ]
    steps: list[Step] = []
    for purpose, number in sizes.items():
        done, half = logicals.get(label(purpose)), logicals.get(label(purpose, State.BEGUN))
        if done:
            device = _device(found, done)
            if device is None or device.uuid != wish.uuid(purpose):
                reasons.append(f"logical volume {done.name} does not hold what this node put there")
            elif number + SLACK < done.size:
                reasons.append(f"{purpose} has {size(done.size)}, the layout wants {size(number)}: {SHRINK}")
            elif number > done.size + SLACK:
                steps.append(GrowLogical(name, purpose, number))
        elif half and (why := _not_ours(wish, purpose, _device(found, half))):
            reasons.append(f"logical volume {half.name} was never given out by us, and {why}")
        else:
            fs, uuid = wish.filesystem(purpose), wish.uuid(purpose)
            steps.append(MakeLogical(name, purpose, number, fs, uuid, half is not None))
    if reasons:
        return refused(f"volume group {name}", reasons)
    return Part(steps=tuple(steps), volumes=_volumes(wish, sizes, f"volume group {name}"), notes=tuple(notes))


def _device(found: Found, logical: Logical) -> Device | None:
    return found.devices.get(logical.device)


def _not_ours(wish: Wish, purpose: Purpose, device: Device | None) -> str:
    """Say why a half-made volume may not be made again; empty when it may: it holds no file."""
    if device is None:
        return "nobody could read it"
    if device.mounted or device.swapping or device.holders:
        return "it is in use"
    if not device.signatures:
        return ""
    if device.uuid != wish.uuid(purpose):
        return f"holds {described(device)}"
    return "" if device.inside in ("empty", "unmountable") else "holds files"


def plan_folder(found: Found, wish: Wish, place: Place, wanted: Wanted) -> Part:
    """Decide about image files inside the space that the site allows."""
    folder = place.folder or ""
    space = amount(place.space or "0GiB")
    sizes, reasons = shares(space, wanted)
    under = found.folders.get(folder)
    if under is None:
        return refused(folder, ["nobody could tell how much room there is"])
    steps: list[Step] = []
    needed = 0
    for purpose, number in sizes.items():
        path = f"{folder}/{purpose}.img"
        image = found.images.get(path)
        if image is None:
            steps.append(MakeImage(path, purpose, number, wish.filesystem(purpose), wish.uuid(purpose)))
            needed += number
        elif image.uuid != wish.uuid(purpose):
            reasons.append(f"{path} is there, and this node did not make it")
        elif number + SLACK < image.size:
            reasons.append(f"{path} has {size(image.size)}, the layout wants {size(number)}: {SHRINK}")
        elif number > image.size + SLACK:
            steps.append(GrowImage(path, purpose, number))
            needed += number - image.size
    keep = amount(place.keep_free)
    if needed and under.free - needed < keep:
        reasons.append(
            f"{size(under.free)} are free, {size(needed)} are needed, and {size(keep)} stay with the owner"
            " (keep_free): make room, or allow less space"
        )
    if reasons:
        return refused(folder, reasons)
    return Part(steps=tuple(steps), volumes=_volumes(wish, sizes, folder, folder))


def _volumes(wish: Wish, sizes: dict[Purpose, int], medium: str, folder: str = "") -> tuple[Volume, ...]:
    return tuple(
        Volume(
            purpose,
            wish.filesystem(purpose),
            wish.uuid(purpose),
            down(number, 1),
            medium,
            f"{folder}/{purpose}.img" if folder else "",
        )
        for purpose, number in sizes.items()
    )
