"""A backup at once, with the site's ledger in it."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from nightfleet.backup.bag import Bag
from nightfleet.backup.shelves import look
from nightfleet.cluster.ssh import Shell
from nightfleet.errors import Exit, NightfleetError
from nightfleet.ledger import Event, Ledger
from nightfleet.site import Role, Site

SCRIPT = "/usr/local/lib/nightfleet/backup"
MAKE = f"[ -x {SCRIPT} ] || exit 127; nice -n 10 {SCRIPT} --ledger"
HOURS_2 = 7200.0
OnTry = Callable[[str, str], None]  # control plane, what happened


def backup_now(site: Site, nodes: Sequence[str] = (), on_try: OnTry = lambda _node, _what: None) -> Bag:
    """Make a backup on the first control plane (of `nodes`) that can; return it once it is verified.

    NightfleetError when none can. Whoever interrupts this leaves nothing half done: what a killed run left is
    removed by the next.
    """
    if not site.backup.recipients:
        raise NightfleetError(
            "nobody could open a backup: backup.recipients is empty",
            str(site.path),
            "`nightfleet backup key` makes a key pair; put the public half there and converge",
            Exit.USAGE,
        )
    ledger = Ledger.of(site.site)
    run = f"backup {datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    with Shell(site) as shell:
        why = ""
        for node in nodes or [node.name for node in site.having(Role.CONTROL_PLANE)]:
            on_try(node, "begun")
            ledger.append(run, "make", Event.BEGUN, node)
            text = ledger.path.read_bytes()
            said = shell.run(node, MAKE, stdin=text, seconds=HOURS_2)
            name = said.out.strip().rpartition("\n")[2]
            if bag := look(shell, nodes=[node]).bags.get(name) if name else None:
                note = "" if said.code == 0 else said.why
                ledger.append(run, "make", Event.DONE, node, note, bag=bag.name)
                on_try(node, note or "done")
                return bag
            why = "the capability backup is not there" if said.code == 127 else said.why
            ledger.append(run, "make", Event.FAILED, node, why)
            on_try(node, why)
    raise NightfleetError(f"no backup was made: {why}", node, f"nightfleet converge {node} --only backup")
