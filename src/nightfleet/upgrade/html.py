"""The report as one HTML file without outside parts: nodes, their phases as bars, what went wrong. Pure."""

from dataclasses import dataclass
from datetime import UTC

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from nightfleet.converge.html import AXIS, LABEL, MOST_TICKS, ROW, TICKS, WIDTH
from nightfleet.upgrade.report import FINE, PhaseReport, UpgradeReport


@dataclass(frozen=True, slots=True)
class Bar:
    """One phase as a rectangle."""

    x: float
    width: float
    phase: str
    title: str


@dataclass(frozen=True, slots=True)
class Row:
    """One node's line in the picture; the first is the cluster's."""

    y: int
    name: str
    bars: tuple[Bar, ...]


def render_html(report: UpgradeReport) -> str:
    """Return the whole file; its style is that of a converge's report."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("nightfleet.upgrade"), PackageLoader("nightfleet.converge")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    rows, ticks = draw(report)
    return environment.get_template("upgrade.html.j2").render(
        report=report,
        started=report.started.astimezone(UTC),
        rows=rows,
        ticks=ticks,
        bad=[node for node in report.nodes if node.state not in FINE],
        phases=sorted({bar.phase for row in rows for bar in row.bars}),
        width=WIDTH,
        row=ROW,
        height=AXIS + ROW * len(rows) + 4,
    )


def draw(report: UpgradeReport) -> tuple[list[Row], list[tuple[float, str]]]:
    """Place every phase on the time axis; nodes without one are left out."""
    lines = [("cluster", report.steps), *((node.name, node.phases) for node in report.nodes)]
    told = [(name, phases) for name, phases in lines if phases]
    end = max([phase.began + phase.seconds for _, phases in told for phase in phases], default=0.0)
    end = max(end, report.seconds, 0.1)
    scale = (WIDTH - LABEL) / end
    rows = [
        Row(AXIS + ROW * place, name, tuple(_bar(phase, scale) for phase in phases))
        for place, (name, phases) in enumerate(told)
    ]
    step = next((tick for tick in TICKS if end / tick <= MOST_TICKS), end / MOST_TICKS)
    return rows, [(LABEL + scale * step * n, f"{step * n:g} s") for n in range(int(end / step) + 1)]


def _bar(phase: PhaseReport, scale: float) -> Bar:
    title = f"{phase.name}{': failed' if phase.failed else ''} ({phase.seconds:.1f} s)"
    kind = "failed" if phase.failed else phase.name.replace(" ", "-")
    return Bar(round(LABEL + phase.began * scale, 1), round(max(1.0, phase.seconds * scale), 1), kind, title)
