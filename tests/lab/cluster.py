"""A cluster on lab hosts, driven as an operator drives it: by commands, whose answers are read as JSON.

The operator's side (kubeconfig, reports) lies below `state`, apart from that of whoever runs the tests.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nightfleet.converge import ConvergeReport
from nightfleet.converge.events import Kind, read_event
from nightfleet.lab import cgroups, ssh
from nightfleet.lab.down import down
from nightfleet.lab.host import Host, hosts
from nightfleet.lab.layout import Layout
from nightfleet.lab.plan import spec_from_site
from nightfleet.site import Site, load_site

HOME = Path(__file__).parents[2]
PROGRAMS = Path(sys.executable).parent
PATIENCE = 600  # seconds, after which something hangs for sure


@dataclass(frozen=True, slots=True)
class Running:
    """A command that was started, the file that it prints into, and the folders of older runs."""

    child: "subprocess.Popen[bytes]"
    printed: Path
    older: set[Path]

    def events(self, cluster: "Cluster") -> str:
        """Return what it has told so far."""
        journals = [path for run in cluster.runs() - self.older for path in run.glob("*.jsonl")]
        return "".join(path.read_text() for path in journals)

    def told(self, cluster: "Cluster", kind: Kind, node: str, operation: str) -> bool:
        """Tell whether it has told this about an operation on a node."""
        events = map(read_event, self.events(cluster).splitlines())
        return any(one and (one.event, one.host, one.name) == (kind, node, operation) for one in events)

    def report(self, ends_with: int) -> ConvergeReport:
        """Wait for a converge's end and return its report."""
        code = self.child.wait(PATIENCE)
        assert code == ends_with, f"it ended with {code}: {self.said()}"
        return report_of(json.loads(self.printed.read_text()))

    def said(self) -> str:
        """Return the end of what it printed."""
        return self.printed.with_suffix(".err").read_text()[-3000:] + self.printed.read_text()[-3000:]

    def wait_until(self, true: Callable[[], Any], what: str) -> Any:
        """Return the first answer that counts as true, given before the command ends."""

        def look() -> Any:
            assert self.child.poll() is None, f"it ended before {what}: {self.said()}"
            return true()

        return wait_until(look, what, PATIENCE, 0.02)

    def kill(self) -> None:
        """SIGKILL the command and its pyinfra processes; what runs on hosts is left to itself."""
        controllers = [pid for pid in descendants(self.child.pid) if "pyinfra" in words_of(pid)]
        end([self.child.pid, *controllers])
        self.child.wait()


@dataclass(frozen=True, slots=True)
class Cluster:
    """A site whose hosts are made here."""

    site_file: Path
    state: Path
    begun: list[Running] = field(default_factory=list)

    @property
    def site(self) -> Site:
        return load_site(self.site_file)

    @property
    def layout(self) -> Layout:
        return Layout(self.site.site)

    @property
    def workers(self) -> list[str]:
        first = self.site.first_control_plane.name
        return [node.name for node in self.site.fleet if node.name != first]

    @property
    def operator_files(self) -> Path:
        return self.state / "nightfleet" / self.site.site

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "XDG_STATE_HOME": str(self.state), "COLUMNS": "200", "NO_COLOR": "1"}

    # Commands

    def argv(self, *words: str) -> list[str]:
        return [str(PROGRAMS / "nightfleet"), *words, "--site", str(self.site_file), "--json"]

    def nightfleet(self, *words: str, ends_with: int = 0) -> Any:
        """Run a command with --json and return what it printed."""
        return json.loads(self.run(self.argv(*words), ends_with))

    def converge(self, *words: str, ends_with: int = 0) -> ConvergeReport:
        return report_of(self.nightfleet("converge", *words, ends_with=ends_with))

    def faults(self, *words: str) -> list[tuple[str, str, str]]:
        """Run every check; return node, claim and reason of those that did not pass."""
        done = self.ended(self.argv("verify", *words))
        assert done.stdout, done.stderr
        checks = json.loads(done.stdout)["checks"]
        assert {check["node"] for check in checks} == {node.name for node in self.site.fleet}
        return [(one["node"], one["claim"], one["reason"]) for one in checks if one["outcome"] != "passed"]

    def by_hand(self, *words: str) -> Any:
        """Run pyinfra as one does without nightfleet."""
        inventory = str(self.site_file.with_name("hosts.py"))
        return json.loads(self.run([str(PROGRAMS / "pyinfra"), "--json", "-y", inventory, *words]))

    def run(self, argv: Sequence[str], ends_with: int = 0) -> str:
        done = self.ended(argv)
        said = f"{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
        assert done.returncode == ends_with, f"{' '.join(argv)} ended with {done.returncode}:\n{said}"
        return done.stdout

    def ended(self, argv: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        """Run a command from the root of the clone, to whatever end it comes."""
        return subprocess.run(
            argv,
            cwd=HOME,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    def start(self, *words: str) -> "Running":
        """Start a command and let it run."""
        older = self.runs()
        printed = self.state / f"{words[0]}-{time.monotonic_ns()}.json"
        with printed.open("w") as out, printed.with_suffix(".err").open("w") as err:
            child = subprocess.Popen(
                self.argv(*words),
                cwd=HOME,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        self.begun.append(Running(child, printed, older))
        return self.begun[-1]

    def runs(self) -> set[Path]:
        return set((self.operator_files / "runs").glob("[0-9]*"))

    # The hosts

    def ask(self, host: str, command: str) -> str:
        code, answer = ssh.ask(self.layout, host, command, 60)
        assert code == 0, f"{host}: '{command}' ended with {code}: {answer}"
        return answer

    def host(self, name: str) -> Host:
        return hosts(spec_from_site(self.site))[name]

    def root(self, name: str) -> Path:
        """Return where a host's file system is mounted on this machine."""
        return self.layout.host(name).root

    def processes(self, name: str, *words: str) -> list[int]:
        """Return the processes of a host whose command line has all these words."""
        found = cgroups.processes([cgroups.group_name(self.site.site, name)])
        return [process.pid for process in found if set(words) <= words_of(process.pid)]

    # Other versions of the same site

    def edited(self, folder: Path, *changes: tuple[str, str]) -> "Cluster":
        """Return the cluster with a copy of its site file in which each first text became the second."""
        text = self.site_file.read_text()
        for before, after in changes:
            assert text.count(before) == 1, before
            text = text.replace(before, after)
        (folder / "site.yaml").write_text(text)
        (folder / "hosts.py").write_text(self.site_file.with_name("hosts.py").read_text())
        return replace(self, site_file=folder / "site.yaml")

    def take_down(self) -> None:
        for running in self.begun:
            running.kill()
        down(self.site.site)


def report_of(printed: Any) -> ConvergeReport:
    return ConvergeReport.model_validate(printed)


def wait_until(true: Callable[[], Any], what: str, seconds: float = 120, every: float = 0.1) -> Any:
    """Return the first answer that counts as true."""
    end = time.monotonic() + seconds
    while not (answer := true()):
        assert time.monotonic() < end, f"waited {seconds:.0f} s: {what}"
        time.sleep(every)
    return answer


def words_of(pid: int) -> set[str]:
    """Return a command line's words, and the names of the programs among them."""
    with suppress(FileNotFoundError, ProcessLookupError):
        words = Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
        return {*words, *(word.rpartition("/")[2] for word in words[:2])}
    return set()


def end(pids: Sequence[int]) -> None:
    """SIGKILL, and wait until they are gone."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not any(alive(pid) for pid in pids), f"{pids} to end", 10, 0.02)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def descendants(pid: int) -> list[int]:
    """Return the processes below one, nearest first."""
    try:
        children = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [*children, *(below for child in children for below in descendants(child))]
