"""The lab of the benchmarks: blank hosts, the depot served to them, and gone in the end."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from types import FrameType
from typing import Self

from bench.measure import BIN, ROOT
from nightfleet import depot
from nightfleet.cli import lab_up
from nightfleet.cli.depot_progress import progress
from nightfleet.lab.layout import Layout
from nightfleet.site import Site, load_site

SITE = ROOT / "bench" / "site" / "site.yaml"
NIGHTFLEET = BIN / "nightfleet"


class BenchLab:
    """A context: the operator's state in a folder of its own; on leaving, nothing of the lab is left."""

    def __init__(self) -> None:
        self.site: Site = load_site(SITE)
        self.folder = Path(tempfile.mkdtemp(prefix="nightfleet-bench."))
        os.environ["XDG_STATE_HOME"] = str(self.folder / "state")  # this process is ours alone

    def __enter__(self) -> Self:
        signal.signal(signal.SIGTERM, _interrupt)
        self.down()  # what a killed run may have left
        with progress() as on_event:
            depot.fetch(lab_up.wanted_by(self.site), on_event=on_event)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the taking down itself is not to be interrupted
        self.down()
        shutil.rmtree(self.folder, ignore_errors=True)

    def blank(self) -> None:
        """Have hosts that nobody has touched."""
        self.down()
        self._nightfleet("lab", "up", "--hosts-only", "--site", str(SITE))
        lab_up.serve(self.site)

    def down(self) -> None:
        """Have no host."""
        self._nightfleet("lab", "down", "--site", str(SITE))

    def converge(self) -> list[str]:
        """Return the command that is measured."""
        return [str(NIGHTFLEET), "converge", "--site", str(SITE.relative_to(ROOT))]

    @property
    def ssh_config(self) -> Path:
        """Return the lab's own configuration of ssh."""
        return Layout(self.site.site).ssh_config

    def ask(self, host: str, command: str) -> str:
        """Return what a command on a host prints."""
        argv = ["ssh", "-F", str(self.ssh_config), "-o", "BatchMode=yes", host, command]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout

    def _nightfleet(self, *words: str) -> None:
        done = subprocess.run([NIGHTFLEET, *words], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"nightfleet {' '.join(words)}: {done.stderr[-2000:]}")


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
