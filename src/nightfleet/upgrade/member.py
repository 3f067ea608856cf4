"""One member of the cluster in its upgrade: emptied, given new software, back in service.

Each function raises NightfleetError with what went wrong on this node and the way on or back. A node that
could not be emptied gets its pods back: nothing of it has changed. One whose software failed stays cordoned.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nightfleet.cluster import etcd
from nightfleet.cluster.api import Api
from nightfleet.cluster.drain import drain
from nightfleet.cluster.nodes import cordon, uncordon, wait_ready
from nightfleet.cluster.ssh import Shell
from nightfleet.converge import NodeReport
from nightfleet.errors import NightfleetError
from nightfleet.site import Node, Role, Site
from nightfleet.upgrade.course import Course
from nightfleet.upgrade.events import Phase

SERVER = 300  # seconds for an API server to answer again, and for etcd to have every member
READY = 300
ASK = "https://127.0.0.1:6443"
READYZ = f"curl -fsk --max-time 10 -o /dev/null {ASK}/readyz && curl -fsk --max-time 10 {ASK}/version"
AGAIN = "the same command goes on from here"


@dataclass(frozen=True, slots=True)
class Cluster:
    """Whom an upgrade speaks to."""

    site: Site
    api: Api
    shell: Shell
    course: Course


def empty(there: Cluster, node: Node) -> None:
    """Cordon and drain; on a drain that is held up, undo the cordon."""
    course, site, by = there.course, there.site, there.course.plan.run
    with course.phase(Phase.CORDON, node.name):
        cordon(there.api, node.name, by)
    with course.phase(Phase.DRAIN, node.name):
        left = drain(
            there.api,
            node.name,
            site.maintenance.drain_timeout,
            on_pod=lambda pod, what: course.say(node.name, f"{pod}: {what}"),
        )
        if not left.done:
            uncordon(there.api, node.name, by)
            held = "; ".join(f"{pod}: {why}" for pod, why in left.held.items())
            raise NightfleetError(
                f"not drained within {site.maintenance.drain_timeout} s: {held}",
                node.name,
                f"see to these pods, then {AGAIN}; nothing was changed on {node.name}, it takes pods again",
            )


def judge(report: NodeReport) -> None:
    """Take pyinfra's report of a node for what it is."""
    if report.state.value in ("changed", "unchanged"):
        return
    hint = f"{report.hint}; " if report.hint else ""
    raise NightfleetError(
        f"{report.state.value.replace('_', ' ')}: {report.reason}",
        report.name,
        f"{hint}repair it, then {AGAIN}; or back into service as it is: kubectl uncordon {report.name}",
    )


def settle(there: Cluster, node: Node) -> None:
    """Wait until what runs on the node is new and well, then let pods in, if it was us who kept them out."""
    if node.has(Role.CONTROL_PLANE):
        with there.course.phase(Phase.API, node.name):
            wait_server(there.shell, node)
        with there.course.phase(Phase.ETCD, node.name):
            wait_etcd(there.shell, [plane.name for plane in there.site.having(Role.CONTROL_PLANE)])
    with there.course.phase(Phase.READY, node.name):
        wait_ready(there.api, node.name, node.kubernetes, READY)
    with there.course.phase(Phase.UNCORDON, node.name):
        uncordon(there.api, node.name, there.course.plan.run)


def wait_server(shell: Shell, node: Node) -> None:
    """Wait for the API server of this very node, in its new version."""

    def why_not() -> str:
        said = shell.run(node.name, READYZ)
        try:
            found = json.loads(said.out)["gitVersion"].removeprefix("v")
        except (ValueError, KeyError, TypeError):
            return f"its API server is not ready: {said.why}"
        return "" if found == node.kubernetes else f"its API server runs {found}"

    if why := still(why_not, SERVER):
        raise NightfleetError(
            f"after {SERVER} s: {why}", node.name, f"on {node.name}: crictl ps -a, crictl logs; {AGAIN}"
        )


def wait_etcd(shell: Shell, planes: Sequence[str]) -> None:
    """Wait until every control plane has a healthy member."""

    def why_not() -> str:
        try:
            members = etcd.members(shell, planes)
        except NightfleetError as error:
            return error.what
        sick = sorted(one.name or one.id for one in members if not one.healthy or one.learner)
        return f"etcd: not healthy: {', '.join(sick)}" if sick else ""

    if why := still(why_not, SERVER):
        raise NightfleetError(why, "etcd", f"nightfleet doctor; then {AGAIN}")


def still(why_not: Callable[[], str], seconds: float) -> str:
    """Ask until nothing speaks against it; return what still does after `seconds`."""
    end = time.monotonic() + seconds
    while (why := why_not()) and time.monotonic() < end:
        time.sleep(1)
    return why
