"""The recordings are what real runs of pyinfra 3.10 printed (tests/fleet/deploys/faults.py on fake hosts)."""

from pathlib import Path

import pytest

from nightfleet.converge.collect import Heard, node_reports
from nightfleet.converge.events import HostEvent, Kind, read_event
from nightfleet.converge.output import Listener, PyinfraOutput, read_output
from nightfleet.converge.report import NodeReport, NodeState, OperationState

RECORDED = Path(__file__).with_name("recorded")
NODES = ("c1", "w1", "w2", "w3", "w4")
S = NodeState


def recording(name: str) -> Heard:
    """Return what one recorded run told."""
    listener = Listener()
    for line in (RECORDED / f"{name}.log").read_text().splitlines():
        listener.hear(line)
    return Heard(
        number=1,
        nodes=NODES,
        began=0.0,
        events=events(f"{name}.jsonl"),
        output=read_output(text(f"{name}.json")),
        said={node: listener.said_about(node) for node in NODES},
        error=listener.error,
    )


def events(name: str) -> tuple[HostEvent, ...]:
    return tuple(event for line in text(name).splitlines() if (event := read_event(line)))


def text(name: str) -> str:
    path = RECORDED / name
    return path.read_text() if path.exists() else ""


def reports(heard: Heard, dry: bool = False) -> dict[str, NodeReport]:
    return {node.name: node for node in node_reports(heard, start=0.0, dry=dry)}


def states(heard: Heard, dry: bool = False) -> list[NodeState]:
    return [node.state for node in node_reports(heard, start=0.0, dry=dry)]


def test_every_node_gets_its_own_state() -> None:
    assert states(recording("faults")) == [S.UNCHANGED, S.UNREACHABLE, S.FAILED, S.REFUSED, S.CHANGED]


def test_a_failed_node_names_the_operation_its_command_and_what_it_said() -> None:
    node = reports(recording("faults"))["w2"]
    assert node.reason.startswith("Install containerd: E: You do not have enough free space")
    (failure,) = node.failures
    assert failure.command == "apt-get install containerd"
    assert failure.output[0] == "Reading package lists..."


def test_operations_that_a_failed_node_never_reached_are_not_counted() -> None:
    assert [op.state for op in reports(recording("faults"))["w2"].operations] == [OperationState.FAILED]


def test_a_refused_node_carries_the_way_out() -> None:
    node = reports(recording("faults"))["w3"]
    assert (node.reason, node.hint) == ("the clock is 90 s off", "set it: chronyc makestep")


def test_an_unreachable_node_says_why() -> None:
    assert reports(recording("faults"))["w1"].reason == "Could not connect (timed out)"


def test_nested_operations_are_kept_but_do_not_count_as_changes_of_their_own() -> None:
    node = reports(recording("faults"))["w4"]
    assert [(op.name, op.nested) for op in node.operations if op.state is OperationState.CHANGED] == [
        ("Install containerd", False),
        ("Join", False),
        ("kubeadm join", True),
        ("Ask for the kernel", False),
    ]
    assert node.changes == 3


def test_a_host_whose_key_changed_is_refused_and_one_that_dies_on_the_way_is_unreachable() -> None:
    found = reports(recording("broken"))
    assert [found[name].state for name in ("w1", "w3", "w4")] == [S.REFUSED, S.UNREACHABLE, S.UNREACHABLE]
    assert "answers as another host" in found["w1"].reason
    assert found["w3"].reason == "the connection was lost"
    assert found["w4"].reason == "the connection was lost during: Install containerd"


def test_one_deploy_that_raises_ends_the_run_and_only_its_node_is_to_blame() -> None:
    found = reports(recording("raised"))
    assert found["w4"].state is S.FAILED
    assert found["w4"].reason == "the deploy raised ValueError: boom"
    assert found["w2"].state is S.FAILED
    assert [found[name].state for name in ("c1", "w3")] == [S.NOT_REACHED] * 2
    assert "on w4 the deploy raised ValueError: boom" in found["c1"].reason


def test_a_host_that_fails_a_fact_says_which_and_what_the_host_answered() -> None:
    ready = HostEvent(event=Kind.READY, host="c1", at=0)
    said = ("{", "connection to 10.77.0.11:6443 was refused", "Error: could not load fact: deploys.x.Nodes ")
    lost = HostEvent(event=Kind.LOST, host="c1", at=1, output=said)
    (node,) = node_reports(Heard(1, ("c1",), 0.0, (ready, lost), PyinfraOutput()), start=0.0)
    assert (node.state, node.reason) == (S.FAILED, "Nodes: connection to 10.77.0.11:6443 was refused")


def test_a_run_without_any_host_left_is_told_from_its_messages() -> None:
    assert states(recording("alone")) == [S.UNREACHABLE] * 5
    assert recording("alone").error == ()


def test_a_plan_names_what_would_change_what_perhaps_and_who_would_be_refused() -> None:
    heard = recording("plan")
    assert states(heard, dry=True) == [S.UNCHANGED, S.UNREACHABLE, S.CHANGED, S.REFUSED, S.CHANGED]
    found = reports(heard, dry=True)
    assert [op.name for op in found["w2"].operations] == ["Install containerd", "Ask for the kernel"]
    assert [op.state for op in found["c1"].operations] == [OperationState.PERHAPS]
    assert found["w3"].operations == ()


def test_a_deploy_that_reports_no_events_is_judged_by_pyinfras_json() -> None:
    full = recording("faults")
    bare = Heard(number=1, nodes=NODES, began=0.0, output=full.output, said=full.said)
    found = reports(bare)
    assert [found[name].state for name in NODES] == [
        S.UNCHANGED,
        S.UNREACHABLE,
        S.FAILED,
        S.FAILED,
        S.CHANGED,
    ]
    assert [op.state for op in found["w2"].operations] == [OperationState.FAILED]


def test_a_node_that_pyinfra_counts_among_the_failed_is_never_fine() -> None:
    full = recording("broken")
    without_loss = tuple(event for event in full.events if event.event != "lost")
    heard = Heard(number=1, nodes=NODES, began=0.0, events=without_loss, output=full.output, said=full.said)
    assert reports(heard)["w3"].state is S.FAILED


@pytest.mark.parametrize("cut", range(0, 40, 3))
def test_a_run_cut_off_anywhere_leaves_no_node_fine(cut: int) -> None:
    full = recording("faults")
    heard = Heard(
        number=1, nodes=NODES, began=0.0, events=full.events[:cut], said=full.said, interrupted=True
    )
    assert not {S.CHANGED, S.UNCHANGED} & set(states(heard))


def test_foreign_and_torn_lines_are_no_events() -> None:
    assert read_event('{"event": "ready", "host": "w1", "at"') is None
    assert read_event("Traceback") is None
    assert read_event('{"event": "later version", "host": "w1", "at": 1}') is None


def test_what_an_operation_waited_for_is_kept_although_it_went_well() -> None:
    about = {"host": "w1", "op": "a", "name": "Install packages"}
    said = ("waits up to 600 s for another package manager: apt-get (pid 7)",)
    told = (
        HostEvent(event=Kind.START, at=1, **about),
        HostEvent(event=Kind.WAITS, at=2, output=said, **about),
        HostEvent(event=Kind.DONE, at=9, state="changed", seconds=8, **about),
    )
    heard = Heard(number=1, nodes=("w1",), began=0.0, events=told, output=PyinfraOutput())
    (operation,) = reports(heard)["w1"].operations
    assert (operation.state, operation.output) == (OperationState.CHANGED, said)
