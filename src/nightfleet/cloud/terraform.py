"""Terraform or OpenTofu, by python-terraform. Nothing else imports that library, kept on a short lead.

What is wrong with python-terraform 0.10.1, and what is done about it:

- it never raises: every call here ends in NightfleetError with what Terraform said, unless it succeeded;
- `plan` ends with 2 when there are changes: that is an answer here, not a fault;
- `destroy` always passes -force, which is gone, and `apply` asks for approval: here a plan is made into a
  file, judged, and that file is applied, whether it makes or destroys;
- a method that it does not know becomes a command of Terraform, and `synchronous` an option: not reachable;
- after each command it reads the whole state with its secrets: it does not;
- output comes at the end only: here Terraform writes its lines into a file that is followed. A pipe would
  break with whoever reads it, and Terraform dies of a broken pipe in the middle of its work.
"""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import python_terraform

from nightfleet.cloud.project import section
from nightfleet.cloud.stream import Line, faults, hint_for, read_line
from nightfleet.errors import Exit, NightfleetError
from nightfleet.site import Site

OnLine = Callable[[Line], None]
FLAG = python_terraform.IsFlagged
FOLLOW = 0.1  # seconds between two looks at the file of lines
NO_STATE = "No state file was found"
CHANGES = 2  # exit code of `plan -detailed-exitcode`


class _Words(python_terraform.Terraform):  # type: ignore[misc]
    """Only what makes a command of options; the rest of the library is cut off."""

    def read_state_file(self, file_path: str | None = None) -> None:
        """Not read: nothing here needs it, and it holds secrets."""

    def __getattr__(self, item: str) -> Any:
        raise AttributeError(item)


class Terraform:
    """One root module. Commands run in its directory, with this process's environment."""

    def __init__(
        self, directory: Path, tool: str = "terraform", parallelism: int = 10, data: Path | None = None
    ) -> None:
        """`data` is where Terraform keeps what `init` did, if not where TF_DATA_DIR or it itself has it."""
        self.directory = directory
        self.tool = tool
        self.parallelism = parallelism
        self._environment = {**os.environ, "TF_IN_AUTOMATION": "1", "TF_INPUT": "0"}
        if data:
            self._environment["TF_DATA_DIR"] = str(data)
        self._words = _Words(working_dir=str(directory), terraform_bin_path=tool)

    @classmethod
    def of(cls, site: Site) -> "Terraform":
        """Return Terraform in the site's directory."""
        cloud = section(site)
        directory = site.file(cloud.directory).resolve()
        if not directory.is_dir():
            raise NightfleetError(
                f"there is no directory {str(directory)!r}",
                f"{site.path}: cloud.directory",
                "name Terraform's root module there, as in inventory/openstack/site.yaml",
                Exit.USAGE,
            )
        return cls(directory, cloud.tool, cloud.parallelism)

    def version(self) -> str:
        """Return the tool's version. NightfleetError when it is not installed."""
        return str(json.loads(self._said("version", json=FLAG))["terraform_version"])

    def init(self, upgrade: bool = False, migrate: bool = False) -> str:
        """Prepare the directory: backend, modules, provider. Return what was said.

        A backend that was changed is refused by Terraform; with `migrate` its state is copied, without a
        question, which nobody would answer.
        """
        options: dict[str, Any] = {"input": False, "no_color": FLAG}
        if upgrade:
            options["upgrade"] = FLAG
        if migrate:
            options |= {"migrate_state": FLAG, "force_copy": FLAG}
        return self._said("init", **options)

    def plan(
        self, file: Path, targets: Sequence[str] = (), destroy: bool = False, on_line: OnLine = print
    ) -> bool:
        """Make a plan into a file, readable by its owner only; tell whether it would change anything."""
        options: dict[str, Any] = {
            "out": str(file),
            "detailed_exitcode": FLAG,
            "input": False,
            "target": list(targets),
            "parallelism": self.parallelism,
            "destroy": FLAG if destroy else None,
        }
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        old = os.umask(0o077)  # a plan holds what the state holds
        try:
            code = self._stream("plan", (), options, on_line, fine=(0, CHANGES))
        finally:
            os.umask(old)
        return code == CHANGES

    def show(self, file: Path) -> dict[str, Any]:
        """Return a plan as JSON."""
        shown: dict[str, Any] = json.loads(self._said("show", str(file), json=FLAG, no_color=FLAG))
        return shown

    def apply(self, file: Path, on_line: OnLine = print) -> None:
        """Carry out a plan, exactly as it stands in the file."""
        options = {"input": False, "parallelism": self.parallelism}
        self._stream("apply", (str(file),), options, on_line)

    def output(self) -> str:
        """Return the outputs as `output -json` has them."""
        return self._said("output", json=FLAG, no_color=FLAG)

    def addresses(self) -> tuple[str, ...]:
        """Return the address of everything in the state; nothing before the first apply."""
        ended = self._run("state list")
        if ended.returncode != 0 and NO_STATE not in ended.stderr:
            raise self._error("state list", (_plain(ended.stderr),))
        return tuple(ended.stdout.splitlines())

    def _said(self, command: str, *arguments: str, **options: Any) -> str:
        """Run a command that says one thing; NightfleetError unless it ends well."""
        ended = self._run(command, *arguments, **options)
        if ended.returncode != 0:
            raise self._error(command, (_plain(ended.stderr or ended.stdout),))
        return ended.stdout

    def _run(self, command: str, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        argv = self._argv(command, *arguments, **options)
        try:
            return subprocess.run(
                argv, cwd=self.directory, env=self._environment, check=False, capture_output=True, text=True
            )
        except FileNotFoundError as error:
            raise self._missing() from error

    def _stream(
        self,
        command: str,
        arguments: Sequence[str],
        options: dict[str, Any],
        on_line: OnLine,
        fine: Sequence[int] = (0,),
    ) -> int:
        """Run a command that says JSON lines; hand each on as it comes. Return the exit code."""
        argv = self._argv(command, *arguments, json=FLAG, **options)
        lines: list[Line] = []
        with tempfile.TemporaryFile("w+b", prefix="nightfleet-") as said:
            try:
                process = subprocess.Popen(
                    argv, cwd=self.directory, env=self._environment, stdout=said, stderr=subprocess.STDOUT
                )
            except FileNotFoundError as error:
                raise self._missing() from error
            rest = ""
            try:
                for text in _followed(said, process):
                    if line := read_line(text):
                        lines.append(line)
                        on_line(line)
                    elif not text.startswith("{"):
                        rest += text
            finally:
                code = process.wait()  # interrupted, it puts its state in order first
        if code not in fine:
            raise self._error(command, faults(lines) or (_plain(rest) or f"ended with {code}",))
        return code

    def _argv(self, command: str, *arguments: str, **options: Any) -> list[str]:
        words: list[str] = self._words.generate_cmd_string(command, *arguments, **options)
        return words

    def _error(self, command: str, words: Sequence[str]) -> NightfleetError:
        more = f" (and {len(words) - 1} more faults)" if len(words) > 1 else ""
        return NightfleetError(
            f"{self.tool} {command}: {words[0]}{more}", str(self.directory), hint_for(words)
        )

    def _missing(self) -> NightfleetError:
        return NightfleetError(
            f"{self.tool!r} is not installed",
            str(self.directory),
            "install it, or say `cloud.tool: tofu` in the site file for OpenTofu",
            Exit.USAGE,
        )


def _followed(file: IO[bytes], process: subprocess.Popen[bytes]) -> Iterator[str]:
    """Yield whole lines while they come."""
    rest, place = b"", 0
    while True:
        ended = process.poll() is not None
        fresh = os.pread(file.fileno(), 1 << 20, place)
        place += len(fresh)
        *whole, rest = (rest + fresh).split(b"\n")
        yield from (line.decode("utf-8", errors="replace") for line in whole)
        if not fresh and ended:
            break
        if not fresh:
            time.sleep(FOLLOW)
    if rest:
        yield rest.decode("utf-8", errors="replace")


def _plain(text: str) -> str:
    """Return an error without Terraform's frame around it, on one line."""
    return " ".join(text.translate(str.maketrans("╷│╵", "   ")).split()).removeprefix("Error: ")
