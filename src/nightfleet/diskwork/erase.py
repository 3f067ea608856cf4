"""One consent, carried out: a person named a node and the exact serial of one of its disks.

The disk is looked at again, refused when it is in use, erased of every signature, and the ledger has a line
before and after that says who gave it up and what was on it. The consent is not kept: it counts once.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from nightfleet.cluster.ssh import Shell
from nightfleet.converge.lock import one_operation
from nightfleet.disks.choose import identities
from nightfleet.disks.steps import Erase, script
from nightfleet.disks.words import title
from nightfleet.diskwork.survey import Opened, Surveyed, survey
from nightfleet.errors import Exit, NightfleetError
from nightfleet.ledger import Event, Ledger
from nightfleet.site import Site

RUN, STEP = "disks", "erase"
PATIENCE = 600  # seconds; a discard of some drives takes minutes


def parse(words: Iterable[str], names: Sequence[str]) -> Opened:
    """Read `NODE:SERIAL`. NightfleetError for anything else, and for nodes that are not among `names`."""
    opened: dict[str, frozenset[str]] = defaultdict(frozenset)
    for word in words:
        node, _, serial = word.partition(":")
        if not node or not serial or set("*?[") & set(word):
            raise NightfleetError(
                f"--erase takes NODE:SERIAL, not {word!r}",
                hint="the exact serial, as `nightfleet disks show` prints it",
                exit_code=Exit.USAGE,
            )
        if node not in names:
            raise NightfleetError(f"--erase {word}: {node!r} is not among the nodes", exit_code=Exit.USAGE)
        opened[node] |= {serial}
    return opened


def erasures(surveyed: Iterable[Surveyed], opened: Opened) -> dict[str, list[Erase]]:
    """Return the erasures that a consent is for, by node. NightfleetError when a disk is not to be used."""
    found: dict[str, list[Erase]] = {}
    for one in surveyed:
        if not opened.get(one.node):
            continue
        if one.silent or one.refusals:
            why = one.silent or "; ".join([*shared(one, opened[one.node]), *one.refusals])
            raise NightfleetError(why, one.node, "nothing was erased", Exit.REFUSED)
        steps = [step for step in (one.planned.steps if one.planned else ()) if isinstance(step, Erase)]
        meant = [name for step in steps if one.found for name in identities(one.found, step.disk)]
        if idle := opened[one.node].difference(meant):
            raise NightfleetError(
                f"nothing is to be erased on a disk known as {', '.join(sorted(idle))}",
                one.node,
                "its layout uses no such disk, or it is empty, or ours already: nightfleet disks plan",
                Exit.REFUSED,
            )
        found[one.node] = steps
    return found


def shared(one: Surveyed, serials: frozenset[str]) -> list[str]:
    """Say which serials are those of several disks: they open none."""
    disks = one.found.disks if one.found else ()
    named = {serial: [disk.name for disk in disks if disk.serial == serial] for serial in sorted(serials)}
    return [
        f"{serial} is the serial of {', '.join(names)}: name one by its wwn, or as in /dev/disk/by-id"
        for serial, names in named.items()
        if len(names) > 1
    ]


def erase(site: Site, shell: Shell, opened: Opened) -> list[str]:
    """Erase what `opened` names, after one more look; return what was done, in words."""
    done = []
    ledger = Ledger.of(site.site)
    with one_operation(site.site):
        looked = survey(site, shell, list(opened), opened)
        for node, steps in erasures(looked, opened).items():
            for step in steps:
                known = {"serial": step.disk.serial, "disk": title(step.disk), "lost": "; ".join(step.lost)}
                ledger.append(RUN, STEP, Event.BEGUN, node, **known)
                said = shell.run(node, script([step]), seconds=PATIENCE)
                if said.code != 0:
                    ledger.append(RUN, STEP, Event.FAILED, node, said.why, **known)
                    code = Exit.REFUSED if said.code == Exit.REFUSED else Exit.FAILED
                    raise NightfleetError(f"not erased: {said.why}", node, "nightfleet disks show", code)
                ledger.append(RUN, STEP, Event.DONE, node, **known)
                done.append(f"{node}: {step.says()}: done")
    return done
