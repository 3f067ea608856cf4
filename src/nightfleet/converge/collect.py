"""From what was heard during a wave to a report per node. Pure.

Events are exact and come first; pyinfra's JSON and messages fill what events cannot tell (a host that never
connected, a deploy that reports no events) and are held against them: a host that pyinfra counts among the
failed is never reported as fine.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nightfleet.converge.events import HostEvent, Kind
from nightfleet.converge.output import CONNECTED, PyinfraOutput
from nightfleet.converge.report import FINE, NodeReport, NodeState, OperationReport, OperationState

REFUSES = "nightfleet refuses: "  # deploys/hostops/refusal.py
OTHER_KEY = "SSH host key error"  # pyinfra's words
OTHER_KEY_HINT = (
    "if it was installed anew, remove its line from the site's known_hosts file "
    "(ssh-keygen -R ADDRESS -f FILE) and record the new key; if not, find out who answers there"
)
FACT_FAILED = re.compile(r"Error: could not (?:load|process) fact: (?:\S+\.)?(?P<fact>\w+)")
CONNECTION_LOST = "Command socket/SSH error"  # pyinfra's words


@dataclass(frozen=True, slots=True)
class Heard:
    """Everything that one wave told. `output` is None when pyinfra was aborted; `began` in epoch seconds."""

    number: int
    nodes: tuple[str, ...]
    began: float
    events: tuple[HostEvent, ...] = ()
    output: PyinfraOutput | None = None
    said: Mapping[str, Sequence[str]] = field(default_factory=dict)
    error: tuple[str, ...] = ()
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class _Verdict:
    state: NodeState
    reason: str = ""
    hint: str = ""
    output: tuple[str, ...] = ()


def node_reports(heard: Heard, start: float, dry: bool = False) -> tuple[NodeReport, ...]:
    """Return the report of every node of the wave; `start` is when the whole converge began."""
    events: dict[str, list[HostEvent]] = {name: [] for name in heard.nodes}
    for event in heard.events:
        if event.host in events:
            events[event.host].append(event)
    return tuple(_node(name, events[name], heard, start, dry) for name in heard.nodes)


def _node(name: str, events: Sequence[HostEvent], heard: Heard, start: float, dry: bool) -> NodeReport:
    operations = _operations(events, start)
    if not operations and heard.output:
        operations = _planned(name, heard.output) if dry else _from_results(name, heard.output)
    verdict = _failure(name, events, operations, heard) or _fine(operations)
    if dry and verdict.state not in FINE:
        operations = ()  # what comes after the trouble would never run
    ends = [event.at for event in events]
    return NodeReport(
        name=name,
        wave=heard.number,
        state=verdict.state,
        reason=verdict.reason,
        hint=verdict.hint,
        output=verdict.output,
        seconds=round(max(ends) - min(ends), 3) if ends else 0.0,
        operations=operations,
    )


def _fine(operations: Sequence[OperationReport]) -> _Verdict:
    changed = any(op.state is OperationState.CHANGED and not op.nested for op in operations)
    return _Verdict(NodeState.CHANGED if changed else NodeState.UNCHANGED)


def _failure(
    name: str, events: Sequence[HostEvent], operations: Sequence[OperationReport], heard: Heard
) -> _Verdict | None:
    """Return what went wrong on the node, or None."""
    ready = any(event.event is Kind.READY for event in events)
    said = tuple(heard.said.get(name, ()))
    for event in events:
        if event.event is Kind.RAISED:
            return _raised(event)
        if event.event is Kind.REFUSES:
            return _refused(event.output)
    failed = [event for event in events if event.state == "failed" and event.parent is None]
    if failed:
        return _failed_operation(failed[0])
    for event in events:
        if event.event is Kind.LOST and ready:
            return _lost(event)
        if event.event is Kind.LOST:
            return _unreachable(said)
    if not ready and said and not any(CONNECTED.match(line) for line in said):
        return _unreachable(said)
    return _not_finished(name, operations, heard, said)


def _raised(event: HostEvent) -> _Verdict:
    if not event.expected:
        return _Verdict(NodeState.FAILED, f"the deploy raised {event.error}", output=event.output)
    reason, _, hint = event.error.partition("\n")
    return _Verdict(NodeState.FAILED, reason, hint.strip().removeprefix("hint: "))


def _refused(output: Sequence[str]) -> _Verdict:
    """Read a refusal: the first line says what is wrong, the others the way out or what else is wrong."""
    _, *parts = "\n".join(output).split(REFUSES)
    first, *others = [line.strip() for part in parts for line in part.splitlines() if line.strip()]
    return _Verdict(NodeState.REFUSED, first, hint="\n".join(others))


def _failed_operation(event: HostEvent) -> _Verdict:
    if any(REFUSES in line for line in event.output):
        return _refused(event.output)
    if _connection_lost(event):
        return _Verdict(NodeState.UNREACHABLE, f"the connection was lost during: {event.name}")
    return _Verdict(NodeState.FAILED, f"{event.name}: {_last(event.output) or 'failed and said nothing'}")


def _connection_lost(event: HostEvent) -> bool:
    return not event.connected or any(CONNECTION_LOST in line for line in event.output)


def _lost(event: HostEvent) -> _Verdict:
    if _connection_lost(event):
        return _Verdict(NodeState.UNREACHABLE, "the connection was lost", output=event.output)
    return _Verdict(NodeState.FAILED, _why_dropped(event.output), output=event.output)


def _why_dropped(output: Sequence[str]) -> str:
    """Say which question failed, and the last thing that the host answered."""
    last = _last(output) or "pyinfra gave it up and did not say why"
    if match := FACT_FAILED.match(last):
        answer = _last([line for line in output if line.strip() != last])
        return f"{match['fact']}: {answer or 'no answer'}"
    return last


def _unreachable(said: Sequence[str]) -> _Verdict:
    """Tell who could not be reached; another key than before is for a person to judge."""
    reason = _last(said) or "could not connect"
    if any(OTHER_KEY in line for line in said):
        return _Verdict(
            NodeState.REFUSED, f"its address answers as another host: {reason}", hint=OTHER_KEY_HINT
        )
    return _Verdict(NodeState.UNREACHABLE, reason, output=tuple(said[:-1]))


def _not_finished(
    name: str, operations: Sequence[OperationReport], heard: Heard, said: Sequence[str]
) -> _Verdict | None:
    if heard.output is None:
        return _Verdict(NodeState.NOT_REACHED, f"the run ended before this node was done: {_ended(heard)}")
    results = heard.output.results
    if results and name in results.failed_hosts:
        failed = next((op for op in operations if op.state is OperationState.FAILED), None)
        reason = failed.name if failed else _last(said) or "pyinfra counts it among the failed hosts"
        return _Verdict(NodeState.FAILED, reason, output=tuple(said))
    return None


def _ended(heard: Heard) -> str:
    """Return why the run ended before its time."""
    if heard.interrupted:
        return "interrupted"
    for event in heard.events:
        if event.event is Kind.RAISED:
            return f"on {event.host} the deploy raised {event.error.splitlines()[0]}"
    return _last(heard.error) or "pyinfra ended without a result"


def _operations(events: Sequence[HostEvent], start: float) -> tuple[OperationReport, ...]:
    """Pair starts with ends, in the order of the starts."""
    found: dict[str, OperationReport] = {}
    for event in events:
        if event.event is Kind.START:
            found[event.op] = OperationReport(
                name=event.name,
                state=OperationState.CUT_OFF,
                began=round(event.at - start, 3),
                nested=event.parent is not None,
            )
        elif event.event is Kind.RETRY and event.op in found:
            found[event.op] = found[event.op].model_copy(update={"attempts": event.attempt + 1})
        elif event.event is Kind.WAITS and event.op in found:
            found[event.op] = found[event.op].model_copy(update={"output": event.output})
        elif event.event is Kind.DONE and event.op in found and event.state:
            found[event.op] = found[event.op].model_copy(
                update={
                    "state": OperationState(event.state),
                    "seconds": event.seconds,
                    "command": event.command,
                    "output": event.output or found[event.op].output,
                }
            )
    return tuple(found.values())


def _planned(name: str, output: PyinfraOutput) -> tuple[OperationReport, ...]:
    """Return what a dry run would change on one host."""
    return tuple(
        OperationReport(name=planned.label, state=state)
        for planned in output.plan
        for state, hosts in (
            (OperationState.CHANGED, planned.hosts_with_change),
            (OperationState.PERHAPS, planned.hosts_with_conditional_change),
        )
        if name in hosts
    )


def _from_results(name: str, output: PyinfraOutput) -> tuple[OperationReport, ...]:
    """Return one host's operations from pyinfra's totals; after its first error it reached no other."""
    found: list[OperationReport] = []
    for done in output.results.operations if output.results else ():
        for state, hosts in (
            (OperationState.CHANGED, done.success),
            (OperationState.UNCHANGED, done.no_change),
            (OperationState.FAILED, done.error),
        ):
            if name in hosts:
                found.append(OperationReport(name=done.label, state=state))
        if found and found[-1].state is OperationState.FAILED:
            break
    return tuple(found)


def _last(lines: Sequence[str]) -> str:
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
