"""Network filesystems on nodes: which do not answer, and who holds them; which caches are off."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from nightfleet.finding import Finding, Status, gathered
from nightfleet.mounted import ceph_twice, read_mounts, read_volumes, uncached
from nightfleet.site import Site

CHECK = "shares"
QUESTION = (Path(__file__).parent / "templates" / "shares.sh").read_text(encoding="utf-8")
PATIENCE = 60  # seconds for the whole question; its own children are given up much earlier
NAMED = 5  # holders that a finding names


def asked(site: Site) -> list[str]:
    """Return the nodes that may have network filesystems by this site."""
    shared = (site.nfs.mounts, site.nfs.classes, site.nfs.volumes, site.cephfs.shares)
    return [node.name for node in site.fleet] if any(shared) else []


def judge(answers: Mapping[str, Sequence[str] | None]) -> Iterator[Finding]:
    """Judge the answers to QUESTION (lines; None: not asked)."""
    verdicts = {node: _verdict(lines) for node, lines in answers.items()}
    return gathered(CHECK, verdicts, "every share that is mounted answers")


def _verdict(lines: Sequence[str] | None) -> Finding:
    if lines is None:
        return Finding(CHECK, Status.UNKNOWN, "cannot be asked", "see the lines above")
    words = [line.split() for line in lines]
    bad = [one for one in words if one[:1] in (["hangs"], ["stale"])]
    if bad:
        what = "; ".join(_told(one, holders(words, one[1])) for one in bad)
        waiting = [f"{one[2]} ({one[1]})" for one in words if one[:1] == ["waits"] and len(one) > 2]
        what += f"; waiting in the kernel: {_some(waiting)}" if waiting else ""
        hint = (
            "is its server up, and does it still export it? Holders go on when it is back; if it is gone for"
            " good: end them, then umount -f, or umount -l"
        )
        return Finding(CHECK, Status.FAIL, what, hint)
    mounts, volumes = read_mounts(lines), read_volumes(lines)
    faults = [*uncached([one.where for one in mounts if one.cached], mounts, volumes), *ceph_twice(mounts)]
    if faults:
        return Finding(
            CHECK, Status.WARN, "; ".join(faults), "systemctl status nightfleet-cachefilesd on the node"
        )
    return Finding(CHECK, Status.OK, "answers")


def holders(words: Sequence[Sequence[str]], place: str) -> list[str]:
    """Return who has a file or its working directory on a mount: `python3 (4711)`."""
    return [f"{one[3]} ({one[2]})" for one in words if one[:2] == ["holds", place] and len(one) > 3]


def _told(one: Sequence[str], held_by: Sequence[str]) -> str:
    how = "does not answer" if one[0] == "hangs" else f"is stale ({' '.join(one[2:]) or 'no reason given'})"
    return f"{one[1]} {how}, held by {_some(held_by)}"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}" if names else "nobody"
