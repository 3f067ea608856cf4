"""Half-made layouts that somebody meddled with: what is not surely ours and empty is never formatted.

Random machines seldom look like our own unfinished work; so here each begins as that, and then things happen
to its partitions.
"""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from nightfleet.disks.conftest import carried_out, machine, wish
from nightfleet.disks.found import Device, Found
from nightfleet.disks.plan import plan
from nightfleet.disks.test_safety import harm
from nightfleet.site.disks import Purpose

WHOLE = plan(machine("blank"), wish()).steps
UUIDS = [*(wish().uuid(purpose) for purpose in Purpose), wish(node="n2").uuid(Purpose.IMAGEFS), "", "other"]


@st.composite
def mishaps(draw: st.DrawFn) -> dict[str, object]:
    """Make up what happened to one partition; nothing, most of the time."""
    found: dict[str, object] = {}
    if draw(st.booleans()):
        kind = draw(st.sampled_from(["xfs", "ext4", "swap", "crypto_LUKS"]))
        found |= {"signatures": (kind,), "written": None}
        found["inside"] = draw(st.sampled_from(["", "empty", "files", "unmountable"]))
        found["tags"] = {"TYPE": kind, "UUID": draw(st.sampled_from(UUIDS))}
    for name, value in (
        ("mounted", ("/mnt",)),
        ("swapping", True),
        ("holders", ("dm-3",)),
        ("written", True),
    ):
        if draw(st.integers(0, 7)) == 0:
            found[name] = value
    return found


def spoiled(part: Device, mishap: dict[str, object]) -> Device:
    """Return a partition after a mishap; its place in the table stays."""
    tags = {**part.tags, **mishap.get("tags", {})}  # type: ignore[dict-item]
    return replace(part, **{**mishap, "tags": tags})  # type: ignore[arg-type]


@settings(max_examples=600, deadline=None)
@given(done=st.integers(1, len(WHOLE)), happened=st.lists(mishaps(), min_size=3, max_size=3))
def test_what_happened_to_a_half_made_layout_is_never_formatted_away(
    done: int, happened: list[dict[str, object]]
) -> None:
    found: Found = machine("blank")
    for step in WHOLE[:done]:
        found = carried_out(found, step)
    parts = found.partitions(found.devices["/dev/vdb"])
    changed = {p.name: spoiled(p, mishap) for p, mishap in zip(parts, happened, strict=True)}
    found = replace(found, devices={**found.devices, **changed})
    planned = plan(found, wish())
    assert list(harm(found, wish(), planned.steps)) == []
