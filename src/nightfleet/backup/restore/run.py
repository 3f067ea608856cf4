"""The whole restore: look, refuse or plan, then step after step, each journalled before and after."""

import io
import tarfile
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nightfleet.backup import key as keys
from nightfleet.backup import shelves
from nightfleet.backup.bag import KEYS, SNAPSHOT, open_bag
from nightfleet.backup.restore import attempt as attempts
from nightfleet.backup.restore.look import ca_of, kubeconfig_ca, looks, script
from nightfleet.backup.restore.plan import Plan, Step, plan, refusals
from nightfleet.backup.restore.settle import settle
from nightfleet.cluster.ssh import Said, Shell
from nightfleet.converge import converge
from nightfleet.errors import Exit, NightfleetError
from nightfleet.home import state_dir
from nightfleet.ledger import Ledger

OnStep = Callable[[str, str, str], None]  # step, node, what happened
BEFORE_CLUSTER = "deploys/machines.py"
PATIENCE = 400.0  # seconds for a step on a host, which has shorter ones of its own
HOUR = 3600.0
# Of a machine's keys only those that are the cluster's: kubeadm makes the others, for any machine.
OF_THE_CLUSTER = (
    *(f"{name}.{kind}" for name in ("ca", "front-proxy-ca", "etcd/ca") for kind in ("crt", "key")),
    "sa.key",
    "sa.pub",
)
PKI = "etc/kubernetes/pki/"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A backup that is whole and ours and opens, with what will be done with it."""

    folder: Path
    plan: Plan
    attempt: attempts.Attempt
    cluster_keys: bytes  # an archive; secret


@dataclass(frozen=True, slots=True)
class Restored:
    """How it ended. `missing` are nodes of the backup that have not come back."""

    name: str
    nodes: tuple[str, ...]
    back: tuple[str, ...]
    missing: tuple[str, ...]
    later: tuple[str, ...]
    resumed: bool
    seconds: float
    took: dict[str, float]  # seconds by step


def prepare(
    shell: Shell, backup: str, key: Path, over_running: str = "", without: Collection[str] = ()
) -> Prepared:
    """Fetch and open the backup, look at the control planes, decide. Touches nothing; refuses with exit 3."""
    site = shell.site
    secret = keys.read(key)
    if shelves.is_name(backup):
        folder = shelves.fetch(
            shell, shelves.choose(shelves.look(shell), backup), state_dir(site.site) / "backups"
        )
    elif Path(backup).is_dir():
        folder = Path(backup)
    else:
        hint = "a name that `nightfleet backup list` prints, or the folder of a bag"
        raise NightfleetError(f"there is no backup {backup!r}", hint=hint, exit_code=Exit.REFUSED)
    bag = open_bag(folder)
    found = looks(shell)
    wanted = plan(site, bag, found, without)
    attempt = attempts.find(Ledger.of(site.site).entries(), wanted, found, datetime.now(UTC))
    reasons = refusals(site, bag, found, kubeconfig_ca(site), over_running, without, attempt.word)
    if reasons:
        hints = "; ".join(dict.fromkeys(reasons.values()))
        raise NightfleetError("; ".join(reasons), site.site, hints, Exit.REFUSED)
    cluster_keys = of_cluster(keys.read_keys(folder / KEYS, secret), bag.cluster_ca, folder)
    keys.check_snapshot(folder / SNAPSHOT, secret)
    return Prepared(folder, replace(wanted, rebuild=attempt.rebuild), attempt, cluster_keys)


def of_cluster(files: dict[str, bytes], ca: str, folder: Path) -> bytes:
    """Pack the keys that any control plane of this cluster shares. Refuses those of another cluster."""
    authority = files.get(f"{PKI}ca.crt", b"")
    if not authority or ca_of(authority) != ca:
        raise NightfleetError(
            "the keys are not of the cluster that the bag names", str(folder), "", Exit.REFUSED
        )
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in OF_THE_CLUSTER:
            content = files[PKI + name]
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o600 if name.endswith(".key") else 0o644
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def restore(
    shell: Shell,
    ready: Prepared,
    key: Path,
    why: str = "",
    on_step: OnStep = lambda _step, _node, _what: None,
) -> Restored:
    """Carry the plan out. Killed anywhere, the same command goes on; an error says where it stopped."""
    began, took = time.monotonic(), {}
    journal = attempts.Journal(Ledger.of(shell.site.site), ready.attempt)
    journal.begin_whole(ready.plan, why)
    act = Act(shell, ready, journal, keys.read(key), on_step)
    missing: tuple[str, ...] = ()
    back: tuple[str, ...] = ()
    for step in ready.plan.steps:
        since = time.monotonic()
        if step is Step.SETTLE:
            on_step(step, "", "begun")
            back, missing = settle(shell, ready.plan.nodes[0], ready.plan.later)
            on_step(step, "", "done")
        else:
            act.all(step)
        took[step.value] = round(time.monotonic() - since, 1)
    journal.end(attempts.WHOLE)
    seconds = round(time.monotonic() - began, 1)
    found = ready.plan
    return Restored(
        found.bag.name, found.nodes, back, missing, found.later, ready.attempt.resumed, seconds, took
    )


class Act:
    """Steps on hosts."""

    def __init__(
        self, shell: Shell, ready: Prepared, journal: attempts.Journal, key: Any, on_step: OnStep
    ) -> None:
        self.shell, self.ready, self.journal, self.key, self.on_step = shell, ready, journal, key, on_step

    def all(self, step: Step) -> None:
        """Do a step on every node that has not done it; all at once where nothing is streamed."""
        open_nodes = [name for name in self.ready.plan.nodes if self.journal.needs(step, name)]
        for name in open_nodes:
            self.journal.begin(step, name)
            self.on_step(step, name, "begun")
        if step in (Step.PREPARE, Step.BEGIN):
            answers = {name: self.converge(name, step) for name in open_nodes}
        elif step is Step.DATA:
            answers = {name: self.data(name) for name in open_nodes}
        else:
            answers = self.shell.map(open_nodes, lambda name: self.call(name, step))
        for name, said in answers.items():
            self.journal.end(step, name, said.why if said.code else "")
            self.on_step(step, name, said.why if said.code else "done")
        if failed := [said for said in answers.values() if said.code]:
            hint = f"on {failed[0].node}: journalctl -u kubelet; then run this again, it goes on"
            raise NightfleetError(f"{step}: {failed[0].why}", failed[0].node, hint)

    def call(self, name: str, step: Step) -> Said:
        """Run a function of host.sh."""
        calls = {
            Step.STOP: "stop",
            Step.KEEP: "keep",
            Step.KEYS: "keys",
            Step.ETCD: "etcd_back",
            Step.QUORUM: "etcd_well",
            Step.API: "api_back",
        }
        stdin = self.ready.cluster_keys if step is Step.KEYS else b""
        return self.shell.run(name, self.script(name, calls[step]), stdin=stdin, seconds=PATIENCE)

    def data(self, name: str) -> Said:
        """Send the snapshot, which is in clear only on its way and where etcd lies in clear anyway."""
        call = f"restore {self.ready.plan.initial_cluster}"
        with keys.opened(self.ready.folder / SNAPSHOT, self.key) as clear:
            return self.shell.stream(name, self.script(name, call), source=clear, seconds=HOUR)

    def converge(self, name: str, step: Step) -> Said:
        """Let pyinfra make the machine ready, or kubeadm make what is missing around keys and data."""
        deploy = BEFORE_CLUSTER if step is Step.PREPARE else "deploys/fleet.py"
        report = converge(self.shell.site, [name], deploy=deploy)
        reasons = "; ".join(node.reason for node in report.nodes if node.name in report.unfinished)
        return Said(name, 1 if report.unfinished else 0, "", reasons)

    def script(self, name: str, call: str) -> str:
        """Return host.sh with a call."""
        return script(self.shell.site, name, self.ready.attempt.word, call)
