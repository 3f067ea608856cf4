"""The report as one HTML file without outside parts: nodes, their time as bars, what failed. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC
from itertools import groupby
from operator import attrgetter

from jinja2 import Environment, PackageLoader, StrictUndefined

from nightfleet.converge.choose import fold
from nightfleet.converge.report import FINE, ConvergeReport, NodeReport, OperationReport, OperationState

WIDTH, LABEL, ROW, AXIS = 1000, 130, 22, 24  # of the picture, in its own units
TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600)  # seconds between lines
MOST_TICKS = 12
QUIET = frozenset({OperationState.UNCHANGED})


@dataclass(frozen=True, slots=True)
class Bar:
    """One operation, or a run of operations without change, as a rectangle."""

    x: float
    width: float
    state: str
    title: str


@dataclass(frozen=True, slots=True)
class Change:
    """An operation that changed something on some nodes, and the seconds that the slowest took."""

    name: str
    perhaps: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Row:
    """One node's line in the picture."""

    y: int
    node: NodeReport
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """Every node's time, ready to be drawn."""

    height: int
    rows: tuple[Row, ...]
    ticks: tuple[tuple[float, str], ...]


def render_html(report: ConvergeReport) -> str:
    """Return the whole file."""
    environment = Environment(
        loader=PackageLoader("nightfleet.converge"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    counts = {state: len(list(nodes)) for state, nodes in _by_state(report.nodes)}
    return environment.get_template("report.html.j2").render(
        report=report,
        started=report.started.astimezone(UTC),
        counts=counts,
        picture=draw(report),
        changes=changes(report),
        bad=[node for node in report.nodes if node.state not in FINE],
        fold=fold,
        label=LABEL,
        width=WIDTH,
        row=ROW,
        axis=AXIS,
    )


def draw(report: ConvergeReport) -> Picture:
    """Place every operation on the time axis; nested operations lie within their parents and are left out."""
    end = max([op.began + op.seconds for node in report.nodes for op in node.operations], default=0.0)
    end = max(end, report.seconds, 0.1)
    scale = (WIDTH - LABEL) / end
    rows = tuple(
        Row(AXIS + ROW * place, node, tuple(_bars(node.operations, scale)))
        for place, node in enumerate(report.nodes)
    )
    step = next((tick for tick in TICKS if end / tick <= MOST_TICKS), end / MOST_TICKS)
    ticks = tuple((LABEL + scale * step * n, f"{step * n:g} s") for n in range(int(end / step) + 1))
    return Picture(AXIS + ROW * len(rows) + 4, rows, ticks)


def changes(report: ConvergeReport) -> list[tuple[str, list[Change]]]:
    """Return what changed, once for all nodes where the same did."""
    alike: dict[tuple[tuple[str, str], ...], list[NodeReport]] = {}
    for node in report.nodes:
        if told := _changed(node):
            alike.setdefault(tuple((op.name, op.state) for op in told), []).append(node)
    return [
        (
            fold(node.name for node in nodes),
            [
                Change(name, state == OperationState.PERHAPS, max(op.seconds for op in ops))
                for (name, state), ops in zip(what, zip(*map(_changed, nodes), strict=True), strict=True)
            ],
        )
        for what, nodes in alike.items()
    ]


def _changed(node: NodeReport) -> list[OperationReport]:
    loud = (OperationState.CHANGED, OperationState.PERHAPS)
    return [op for op in node.operations if op.state in loud and not op.nested]


def _bars(operations: Iterable[OperationReport], scale: float) -> Iterable[Bar]:
    outer = [op for op in operations if not op.nested]
    for quiet, together in groupby(outer, key=lambda op: op.state in QUIET):
        if quiet:
            same = list(together)
            title = f"{len(same)} operations without change, {same[0].name} to {same[-1].name}"
            yield _bar(same[0].began, same[-1].began + same[-1].seconds, "unchanged", title, scale)
            continue
        for op in together:
            yield _bar(op.began, op.began + op.seconds, op.state, f"{op.name}: {op.state}", scale)


def _bar(began: float, ended: float, state: str, title: str, scale: float) -> Bar:
    width = max(1.0, (ended - began) * scale)
    return Bar(round(LABEL + began * scale, 1), round(width, 1), state, f"{title} ({ended - began:.1f} s)")


def _by_state(nodes: Iterable[NodeReport]) -> Iterable[tuple[str, Iterable[NodeReport]]]:
    return groupby(sorted(nodes, key=attrgetter("state")), key=attrgetter("state"))
