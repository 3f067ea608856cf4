"""Claims about disk layouts: what can be seen to be impossible before any machine is asked."""

from collections import defaultdict
from collections.abc import Iterator

from nightfleet.site.classes import Kind
from nightfleet.site.disks import REST, Filesystem, Layout, Purpose, Swap, amount
from nightfleet.site.faults import Fault
from nightfleet.site.model import Site
from nightfleet.site.words import nearest


def layouts_are_of_classes(site: Site) -> Iterator[Fault]:
    for name in site.disks:
        if name not in site.classes:
            near = nearest(name, site.classes)
            yield Fault(
                f"disks: there is no class {name!r}",
                ("disks", name),
                f"did you mean {near!r}?" if near else f"classes: {', '.join(site.classes)}",
            )


def layouts_lay_out_something(site: Site) -> Iterator[Fault]:
    for name, layout in site.disks.items():
        if not layout.volumes:
            yield Fault(f"disks.{name} lays out nothing", ("disks", name), "for example 'imagefs:' below it")


def places_are_of_one_kind(site: Site) -> Iterator[Fault]:
    for name, layout in site.disks.items():
        for key, place in layout.use.items():
            at = ("disks", name, "use", key)
            if place.ways != 1:
                what = "no room" if place.ways == 0 else "several kinds of room"
                yield Fault(
                    f"disks.{name}.use.{key} names {what}",
                    at,
                    "a disk by id, serial, transport, at_least or at_most; or volume_group; or folder",
                )
            elif place.folder and not place.space:
                yield Fault(
                    f"disks.{name}.use.{key}: how much of {place.folder} may be used is not said",
                    at,
                    "space: 50GiB, for example; the owner's files live there too",
                )
            elif place.names_a_disk and place.space:
                yield Fault(
                    f"disks.{name}.use.{key}: a disk is used whole", (*at, "space"), "take 'space' out"
                )
            elif place.at_least and place.at_most and amount(place.at_least) > amount(place.at_most):
                yield Fault(
                    f"disks.{name}.use.{key}: at_least is {place.at_least}, at_most only {place.at_most}",
                    (*at, "at_least"),
                    "the other way round",
                )


def volumes_lie_on_named_places(site: Site) -> Iterator[Fault]:
    for name, layout in site.disks.items():
        for purpose, volume in layout.volumes.items():
            if volume.on not in layout.use:
                near = nearest(volume.on, layout.use)
                yield Fault(
                    f"disks.{name}.{purpose}: 'use' has no {volume.on!r}",
                    ("disks", name, purpose.value, "on"),
                    f"did you mean {near!r}?" if near else f"known there: {', '.join(layout.use)}",
                )


def sizes_fit_their_place(site: Site) -> Iterator[Fault]:
    for name, layout in site.disks.items():
        for place, volumes in by_place(layout).items():
            at = ("disks", name, next(iter(volumes)).value, "size")
            rests = [purpose for purpose, volume in volumes.items() if volume.size == REST]
            if len(rests) > 1:
                yield Fault(
                    f"disks.{name}: {' and '.join(rests)} both want the rest of {place!r}",
                    ("disks", name, rests[1].value, "size"),
                    "one of them may",
                )
            shares = sum(int(one.size[:-1]) for one in volumes.values() if one.size.endswith("%"))
            if shares > 100:
                yield Fault(f"disks.{name}: {shares} % of {place!r} are wanted", at, "together at most 100 %")
            space = layout.use[place].space if place in layout.use else None
            fixed = sum(amount(one.size) for one in volumes.values() if one.size.endswith("iB"))
            if space and fixed > amount(space):
                yield Fault(
                    f"disks.{name}: {fixed >> 30} GiB do not fit into the {space} of {place!r}",
                    at,
                    f"raise disks.{name}.use.{place}.space, or make them smaller",
                )
            nothing = [p for p, one in volumes.items() if one.size in ("0%", "0GiB", "0TiB")]
            for purpose in nothing:
                yield Fault(
                    f"disks.{name}.{purpose}: a size of nothing",
                    ("disks", name, purpose.value, "size"),
                    "1GiB at least",
                )


def by_place(layout: Layout) -> dict[str, dict[Purpose, Filesystem | Swap]]:
    """Return the volumes by the place that they lie on."""
    found: dict[str, dict[Purpose, Filesystem | Swap]] = defaultdict(dict)
    for purpose, volume in layout.volumes.items():
        found[volume.on][purpose] = volume
    return found


def swap_is_kept_where_it_is_made(site: Site) -> Iterator[Fault]:
    for name, layout in site.disks.items():
        if layout.swap and name in site.classes and site.classes[name].swap == "off":
            yield Fault(
                f"disks.{name}.swap is made, and classes.{name} switches swap off",
                ("disks", name, "swap"),
                f"write 'swap: keep' in class {name}, or take the swap space out",
            )


def containers_have_no_disks(site: Site) -> Iterator[Fault]:
    for name, layout in site.disks.items():
        if name in site.classes and site.classes[name].kind is Kind.CONTAINER:
            for key, place in layout.use.items():
                if not place.folder:
                    yield Fault(
                        f"disks.{name}.use.{key}: hosts of kind 'container' have no disks of their own",
                        ("disks", name, "use", key),
                        "use a folder, or give them image files of the machine under them: lab.disks",
                    )


DISKS = (
    layouts_are_of_classes,
    layouts_lay_out_something,
    places_are_of_one_kind,
    volumes_lie_on_named_places,
    sizes_fit_their_place,
    swap_is_kept_where_it_is_made,
    containers_have_no_disks,
)
