"""kubeadm, so that running it again continues what was interrupted."""

import base64
import os
import shlex
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path

from pyinfra.api.command import FunctionCommand, StringCommand
from pyinfra.api.exceptions import ConnectError
from pyinfra.api.host import Host
from pyinfra.api.operation import operation
from pyinfra.context import host, inventory

from deploys.hostops import this
from deploys.hostops.refusal import refusal
from deploys.hostops.this import ask
from deploys.kubernetes.facts import AdminConf, EtcdMembers, JoinTicket, MembershipFact, Nodes
from deploys.kubernetes.plan import (
    ADMIN_CONF,
    INIT,
    JOIN,
    KUBECTL,
    LEFT_BY_CONTROL_PLANE,
    LEFT_BY_INIT,
    LEFT_BY_JOIN,
    TEMPLATES,
    Membership,
    Ticket,
    join_config,
    label_steps,
    preflight_ignored,
    unregistered,
    why_not_this_cluster,
)
from nightfleet.quorum import why_not_join
from nightfleet.site import Node

SCRIPT = (TEMPLATES / "kubeadm-once.sh").read_text(encoding="utf-8")
READY_TIMEOUT = 180  # seconds until every node of a run is Ready


@operation()
def init() -> Generator[StringCommand, None, None]:
    """Begin the cluster on this host, or finish a beginning that was interrupted."""
    state = ask(MembershipFact)
    if state is Membership.MEMBER:
        host.noop("the cluster has begun")
        return
    ignored = [
        *preflight_ignored(this.machine(), this.node()),
        *(LEFT_BY_INIT if state is Membership.HALF else ()),
    ]
    yield StringCommand(
        f"{SCRIPT}\nmay_be_there=\nonce init --config {INIT} --skip-token-print"
        f" --ignore-preflight-errors={','.join(ignored)}"
    )


@operation()
def join(control_planes: Sequence[str]) -> Generator[StringCommand, None, None]:
    """Make this host a member; the ticket is asked for at that moment and travels on standard input."""
    state = ask(MembershipFact)
    if state is Membership.MEMBER:
        host.noop("a member already")
        return
    # a dry run stops after this: it asks for no ticket
    yield StringCommand("mkdir -m 700 -p /etc/kubernetes/nightfleet")
    giver = first_that_answers(control_planes)
    ticket = giver.get_fact(JoinTicket) if giver else None
    if ticket is None:
        yield no_ticket(control_planes)
        return
    yield kubeadm_join(ticket, LEFT_BY_JOIN, state is Membership.HALF)


@operation()
def join_control_plane(newcomer: Node, control_planes: Sequence[str]) -> Generator[StringCommand, None, None]:
    """Make `newcomer` a further control plane; the others wait at this line, so that one joins at a time.

    etcd is asked first, at a control plane that is a member: nobody joins one that is not whole.
    """
    if this.node() != newcomer:
        host.noop(f"it is the turn of {newcomer.name}")
        return
    state = ask(MembershipFact)
    if state is Membership.MEMBER:
        host.noop("a member already")
        return
    yield StringCommand("mkdir -m 700 -p /etc/kubernetes/nightfleet")  # a dry run stops after this
    giver = first_that_answers([name for name in control_planes if name != newcomer.name])
    members = giver.get_fact(EtcdMembers) if giver else ()
    if giver is None or not members:
        yield no_ticket(control_planes)
        return
    before = control_planes[: control_planes.index(newcomer.name)]
    failed = {node_name(other) for other in host.state.failed_hosts}
    reasons = why_not_join(newcomer.name, str(newcomer.address), members, before, failed)
    ticket = None if reasons else giver.get_fact(JoinTicket, version=this.node().kubernetes)
    reasons = reasons or why_not_this_cluster(this.site(), ticket)
    if reasons:
        yield refusal(reasons)
        return
    if ticket is None or not ticket.certificate_key:
        yield no_ticket(control_planes)
        return
    yield kubeadm_join(ticket, LEFT_BY_CONTROL_PLANE, state is Membership.HALF)


def kubeadm_join(ticket: Ticket, left: Sequence[str], interrupted: bool) -> StringCommand:
    """Return the command that joins with this ticket, over what an interrupted join has `left`."""
    config = join_config(this.site(), this.node(), ticket)
    ignored = [*preflight_ignored(this.machine(), this.node()), *(left if interrupted else ())]
    return StringCommand(
        f"{SCRIPT}\numask 077; base64 -d >{JOIN}; trap 'rm -f {JOIN}' EXIT\nmay_be_there={','.join(left)}\n"
        f"once join --config {JOIN} --ignore-preflight-errors={','.join(ignored)}",
        _stdin=base64.encodebytes(config.content.encode()).decode(),
    )


def first_that_answers(control_planes: Sequence[str]) -> Host | None:
    """Return the first control plane that is reached and a member, even if this run is limited to others."""
    for name in control_planes:
        other = inventory.get_host(name)
        if other in host.state.failed_hosts:
            continue
        if not other.connected:
            try:
                other.connect(raise_exceptions=True)
            except ConnectError:
                continue
        if other.get_fact(MembershipFact) is Membership.MEMBER:
            return other
    return None


def no_ticket(control_planes: Sequence[str]) -> StringCommand:
    """Return the command that fails because nobody lets this host join."""
    who = shlex.quote(f"{' or '.join(control_planes)} gives no ticket: is its API server up?")
    return StringCommand(f"echo {who} >&2; exit 1")


def node_name(other: Host) -> str:
    """Return a host's name without its connector."""
    return str(other.name.rpartition("/")[2])


@operation()
def keep_kubeconfig(path: str) -> Generator[FunctionCommand | StringCommand, None, None]:
    """Have the administrator's kubeconfig on the operator's side, readable by the operator alone."""
    local = Path(path)
    content = ask(AdminConf)
    if not content:
        yield StringCommand(f"echo 'there is no {ADMIN_CONF}' >&2; exit 1")  # a dry run counts it as a change
        return
    if local.exists() and local.read_text(encoding="utf-8") == content:
        host.noop(f"{path} is current")
        return
    yield FunctionCommand(_save, (local,), {})


def _save(local: Path) -> None:
    """Write by rename, so that a reader never sees half a file."""
    content = ask(AdminConf)
    local.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = local.with_name(f".{local.name}.{os.getpid()}")
    temporary.touch(mode=0o600)
    temporary.write_text(content, encoding="utf-8")
    temporary.replace(local)


@operation()
def settle_nodes(fleet: Sequence[Node]) -> Generator[StringCommand, None, None]:
    """Label what has joined, and wait for this run's nodes to be Ready."""
    found = ask(Nodes)
    here = {node_name(other) for other in host.state.active_hosts}
    late = unregistered(fleet, here, found)
    found = {**found, **late}
    waiting = [name for name, status in found.items() if name in here and not status.ready]
    labels = label_steps(fleet, found)
    if not (waiting or labels):
        host.noop(f"{len(found)} nodes are Ready and labelled")
        return
    if late:
        yield StringCommand(f"{KUBECTL} wait --for=create --timeout={READY_TIMEOUT}s {_nodes(late)}")
    for name, pairs in labels:
        quoted = " ".join(shlex.quote(pair) for pair in pairs)
        yield StringCommand(f"{KUBECTL} label node {shlex.quote(name)} --overwrite {quoted}")
    if waiting:
        yield StringCommand(
            f"{KUBECTL} wait --for=condition=Ready --timeout={READY_TIMEOUT}s {_nodes(waiting)}"
        )


def _nodes(names: Iterable[str]) -> str:
    return " ".join(f"node/{shlex.quote(name)}" for name in names)
