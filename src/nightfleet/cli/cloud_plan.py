"""A cloud plan with what speaks against it: what `plan`, `apply`, `destroy` and `roll` begin with."""

from collections.abc import Sequence

from rich.console import Console

from nightfleet.cli.cloud_show import watching
from nightfleet.cloud import course
from nightfleet.cloud.hanging import doomed, hanging
from nightfleet.cloud.look import look
from nightfleet.cloud.occupied import Occupied
from nightfleet.cloud.orphans import Adoption, not_looked_for
from nightfleet.cloud.project import connect, room, section
from nightfleet.cloud.shelf import snapshots
from nightfleet.site import Site


def planned(
    model: Site,
    only: Sequence[str],
    allowed: Sequence[str],
    destroy: bool = False,
    go_on: bool = False,
) -> course.Judged:
    """Plan and judge; with `go_on`, first take over what an apply that broke off left behind."""
    connection = connect(section(model))
    occupied, left = seen(model), room(connection)
    err = Console(stderr=True, highlight=False)

    def make(doing: str, destroy: bool, adopted: Sequence[Adoption] = ()) -> course.Judged:
        with watching(err, doing) as watcher:
            return course.make_plan(model, occupied, left, allowed, only, destroy, watcher, adopted)

    since = course.was_killed(model) if go_on else None
    judged = make("planning", destroy and not since)
    # What lies in something else is recognised once the plan knows that: a few rounds.
    adopted: tuple[Adoption, ...] = ()
    while since and (more := course.left_behind(judged, connection, since)):
        for adoption in more:
            err.print(f"taking over {adoption.what}, which an apply that broke off left behind")
        adopted += more
        judged = make("planning again", False, adopted)
    for address in not_looked_for(judged.changes) if since else ():
        err.print(f"{address} is not looked for: see whether the apply that broke off has made it already")
    if destroy and since:
        if adopted:
            with watching(err, "taking over") as watcher:
                course.take_in(model, adopted, watcher)
        judged = make("planning to destroy", True)
    if not doomed(judged.changes):
        return judged
    return course.holding(judged, hanging(judged.changes, snapshots(connection)))


def seen(model: Site) -> Occupied:
    """Ask the cluster who works where."""
    with Console(stderr=True).status("asking the cluster who works on its machines"):
        return look(model)
