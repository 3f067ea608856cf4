import re
from datetime import UTC, datetime
from html.parser import HTMLParser

from nightfleet.converge.html import LABEL, WIDTH, Change, changes, draw, render_html
from nightfleet.converge.report import (
    ConvergeReport,
    NodeReport,
    NodeState,
    OperationReport,
    OperationState,
    WaveReport,
)

State = OperationState


def operation(name: str, state: OperationState, began: float, seconds: float) -> OperationReport:
    return OperationReport(
        name=name, state=state, began=began, seconds=seconds, command="run <it>", output=("a&b",)
    )


def report() -> ConvergeReport:
    quiet = [operation(f"look {i}", State.UNCHANGED, i, 0.5) for i in range(5)]
    nodes = (
        NodeReport(name="w1", wave=1, state=NodeState.UNCHANGED, seconds=5, operations=tuple(quiet)),
        NodeReport(
            name="w2",
            wave=1,
            state=NodeState.FAILED,
            reason="install: <b>no space</b>",
            seconds=9,
            operations=(operation("change", State.CHANGED, 0, 4), operation("install", State.FAILED, 4, 5)),
        ),
    )
    wave = WaveReport(number=1, argv=("pyinfra", "--json"), nodes=("w1", "w2"), exit_code=1, seconds=10)
    started = datetime(2026, 11, 23, tzinfo=UTC)
    return ConvergeReport(site="lab", started=started, seconds=10, waves=(wave,), nodes=nodes)


def test_operations_without_change_become_one_bar_and_all_bars_lie_in_the_picture() -> None:
    quiet, loud = draw(report()).rows
    assert len(quiet.bars) == 1
    assert quiet.bars[0].title.startswith("5 operations without change")
    assert [bar.state for bar in loud.bars] == ["changed", "failed"]
    assert all(bar.x >= LABEL and bar.x + bar.width <= WIDTH + 0.2 for bar in (*quiet.bars, *loud.bars))


def test_the_file_stands_alone_and_what_hosts_said_is_text_in_it() -> None:
    page = render_html(report())
    assert not re.search(r"(src|href)=|https?://|@import|url\(", page)
    assert "&lt;b&gt;no space" in page
    assert "run &lt;it&gt;" in page
    HTMLParser().feed(page)


def test_what_changed_alike_is_told_once_with_the_slowest() -> None:
    fast, slow = (
        NodeReport(
            name=f"w{i}",
            wave=1,
            state=NodeState.CHANGED,
            operations=(operation("join", State.CHANGED, 0, i),),
        )
        for i in (1, 2)
    )
    told = changes(report().model_copy(update={"nodes": (fast, slow)}))
    assert told == [("w[1-2]", [Change("join", perhaps=False, seconds=2)])]


def test_an_empty_report_is_a_page_too() -> None:
    empty = report().model_copy(update={"nodes": (), "waves": ()})
    assert "nothing" in render_html(empty)
