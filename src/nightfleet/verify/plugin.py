"""pytest, on the nodes of a site: `pytest deploys/*/verify.py --site lab --nodes 'lab-w[1-2]'`.

A check is a function in a file called verify.py that takes `node`; it runs once for every node that its
`on` mark applies to:

    @pytest.mark.on("worker", when=lambda site, node: site.network.cni is Cni.ROUTED)
    def test_its_pods_have_addresses_of_its_share(node: Node, host: Host, api: Api) -> None:

`on` takes the groups of the inventory (control_plane, worker, registry, first_control_plane); without a mark
every node is checked. Fixtures: `site`, `node`, `host` (testinfra, on the node), `reach` (other nodes, by
name), `api` (a GET to the API server). What cannot be asked is an error that says UNKNOWN. A claim about what
comes by itself is marked `within(seconds)` and asked again until then.
"""

import inspect
import json
import os
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from nightfleet.converge.choose import choose
from nightfleet.errors import NightfleetError
from nightfleet.home import DEFAULT_SITE, site_path
from nightfleet.site import Node, Role, Site, load_site
from nightfleet.verify import fixtures
from nightfleet.verify.checks import Check, Outcome, sentence
from nightfleet.verify.fixtures import REACH
from nightfleet.verify.reach import Reach, Unknown

FILE = "verify.py"
VARIABLE = "NIGHTFLEET_SITE"
NODES = pytest.StashKey[list[Node]]()
EVENTS = pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which site, which nodes."""
    group = parser.getgroup("nightfleet")
    site = os.environ.get(VARIABLE, DEFAULT_SITE)
    group.addoption(
        "--site",
        default=site,
        help=f"name of a site or path of its file; default: ${VARIABLE}, else {DEFAULT_SITE}",
    )
    group.addoption("--nodes", action="append", metavar="RANGE", help="only these nodes, such as lab-w[1-2]")
    group.addoption("--check-events", metavar="FILE", help="write a JSON line per check as it ends")


def pytest_configure(config: pytest.Config) -> None:
    """Know the mark; bring the fixtures; open the file of events."""
    # Registered late on purpose: the last `host` wins, and testinfra's own would be this very machine.
    config.pluginmanager.register(fixtures, fixtures.__name__)
    config.addinivalue_line("markers", "on(*groups, when=None): the nodes that a check applies to")
    config.addinivalue_line("markers", "within(seconds): ask again until it is true, or time is over")
    if path := config.getoption("--check-events"):
        config.stash[EVENTS] = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Read the site, when files of checks are named; a wrong one is a usage error, said once."""
    if any(Path(word.partition("::")[0]).name == FILE for word in session.config.args):
        try:
            site = load_site(site_path(session.config.getoption("--site")))
            nodes = choose(site, session.config.getoption("--nodes"))
        except NightfleetError as error:
            raise pytest.UsageError(str(error)) from error
        session.config.stash[REACH] = Reach(site)
        session.config.stash[NODES] = [site.node(name) for name in nodes]


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the connections."""
    if (reach := config.stash.get(REACH, None)) is not None:
        reach.close()


# Which checks there are


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test per node that the check applies to."""
    if metafunc.definition.path.name == FILE and "node" in metafunc.fixturenames:
        nodes = applicable(
            metafunc.definition, metafunc.config.stash[REACH].site, metafunc.config.stash[NODES]
        )
        metafunc.parametrize("node", nodes, ids=[node.name for node in nodes])


def applicable(definition: pytest.Item, site: Site, nodes: list[Node]) -> list[Node]:
    """Return the nodes that the nearest `on` mark of a check means."""
    mark = definition.get_closest_marker("on")
    if mark is None:
        return nodes
    groups = site.groups()
    if unknown := set(mark.args) - {"first_control_plane", "control_plane", "worker", "registry"}:
        raise pytest.UsageError(f"{definition.nodeid}: there is no group {', '.join(sorted(unknown))}")
    members = {name for group in mark.args for name, _ in groups.get(group, [])}
    when = mark.kwargs.get("when", lambda _site, _node: True)
    return [node for node in nodes if (not mark.args or node.name in members) and when(site, node)]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A check that applies to none of the chosen nodes is no test; it is not even skipped."""
    empty = [item for item in items if is_check(item) and not isinstance(node_of(item), Node)]
    if empty:
        items[:] = [item for item in items if item not in empty]
        config.hook.pytest_deselected(items=empty)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Open all connections at once, before the first check."""
    checks = [item for item in session.items if is_check(item)]
    emit(session.config, {"total": len(checks)})
    if checks and not session.config.option.collectonly:
        reach = session.config.stash[REACH]
        asks_api = any("api" in getattr(item, "fixturenames", ()) for item in checks)
        names = {node_of(item).name: None for item in checks}
        asked = reach.site.having(Role.CONTROL_PLANE) if asks_api else ()
        reach.connect([*names, *(node.name for node in asked)])


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Ask again what is true only after a moment, with fresh answers of the API server."""
    mark = pyfuncitem.get_closest_marker("within")
    if mark is None or not is_check(pyfuncitem):
        return None
    wanted = inspect.signature(pyfuncitem.obj).parameters
    arguments = {name: value for name, value in pyfuncitem.funcargs.items() if name in wanted}
    end = time.monotonic() + mark.args[0]
    while True:
        try:
            pyfuncitem.obj(**arguments)
        except AssertionError:
            if time.monotonic() > end:
                raise
            time.sleep(1)
            pyfuncitem.config.stash[REACH].forget()
        else:
            return True


# What becomes of it


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell missing data from failure, and pass each result on."""
    report = yield
    if not is_check(item):
        return report
    if call.excinfo is not None and call.excinfo.errisinstance(Unknown):
        report.outcome = "failed"
        report.longrepr = call.excinfo.getrepr(style="value")
        report.__dict__["unknown"] = True
    if report.when == "call" or (report.when == "setup" and not report.passed):
        emit(item.config, result_of(item, call, report).model_dump(mode="json"))
    return report


def pytest_report_teststatus(
    report: pytest.TestReport,
) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    """Unknown is an error of its own kind."""
    if getattr(report, "unknown", False):
        return "error", "U", ("UNKNOWN", {"yellow": True})
    return None


def result_of(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> Check:
    """Return a check's result; one that was skipped was not made, so it is unknown."""
    unknown = getattr(report, "unknown", False) or report.skipped
    outcome = Outcome.UNKNOWN if unknown else Outcome.PASSED if report.passed else Outcome.FAILED
    return Check(
        capability=item.path.parent.name,
        node=node_of(item).name,
        claim=sentence(getattr(item, "originalname", item.name)),
        outcome=outcome,
        reason=reason(call.excinfo) if call.excinfo and outcome is not Outcome.PASSED else "",
        seconds=round(call.duration, 3),
    )


def reason(excinfo: pytest.ExceptionInfo[BaseException]) -> str:
    """Return the first line of an exception, without what pytest says anyway."""
    if excinfo.errisinstance((Unknown, pytest.skip.Exception)):
        return str(excinfo.value)
    return excinfo.exconly().partition("\n")[0].removeprefix("AssertionError: ")


# Helpers


def is_check(item: pytest.Item) -> bool:
    """Tell a check of ours from a test that happens to be in the same run."""
    return item.path.name == FILE and "node" in getattr(getattr(item, "callspec", None), "params", {})


def node_of(item: pytest.Item) -> Any:
    """Return the node that an item is about; something else when it applies to none."""
    return item.callspec.params["node"]  # type: ignore[attr-defined]


def emit(config: pytest.Config, event: dict[str, Any]) -> None:
    """Write one line for `nightfleet verify`, when it listens."""
    if (descriptor := config.stash.get(EVENTS, None)) is not None:
        os.write(descriptor, json.dumps(event).encode() + b"\n")
