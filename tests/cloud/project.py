"""A site on the box: a copy of the recipes, a site file, and the commands that a person would run."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cloud.box import ROOT, Box, plain

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ you@example.org"
NIGHTFLEET = [sys.executable, "-c", "from nightfleet.cli.main import main; main()"]
SITE = """\
site: {name}
cloud:
  name: osbox
  directory: terraform/examples/{example}
  backups: {{kind: snapshot, uses: [imagefs], keep: 2}}
  leases:
    longest_job: 1
    reserve: {{host: {{kind: host, amount: 1}}}}
  prices: {{flavors: {{nf.small: 0.1}}, volume: 0.05}}
classes:
  small: {{kind: vm}}
  large: {{kind: vm}}
connection: {{user: debian, key: key}}
network: {{pods: 172.20.0.0/16, services: 172.21.0.0/16, cni: cilium}}
"""


class Project:
    """One site with an own copy of terraform/ and an own state."""

    def __init__(self, place: Path, box: Box, example: str = "small", **variables: Any) -> None:
        self.place = place
        self.box = box
        shutil.copytree(
            ROOT / "terraform", place / "terraform", ignore=shutil.ignore_patterns(".terraform", "*.tfstate*")
        )
        self.directory = place / "terraform" / "examples" / example
        self.site = place / "site.yaml"
        self.site.write_text(SITE.format(name=place.name.replace("_", "-")[:40], example=example))
        self.variables: dict[str, Any] = {
            "cloud": "osbox",
            "external_network": "public",
            "image": "debian-12",
            "admin_cidrs": {"office": "198.51.100.0/24"},
            "public_key": KEY,
            **variables,
        }
        self.say()

    def say(self, **changes: Any) -> None:
        """Write the variables, as a person would after an edit."""
        self.variables.update(changes)
        (self.directory / "test.auto.tfvars.json").write_text(json.dumps(self.variables))

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            **self.box.environment,
            "XDG_STATE_HOME": str(self.place / "state"),
            "NIGHTFLEET_HOME": str(ROOT),
            "COLUMNS": "200",
        }

    def run(self, *words: str, fine: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
        """Run `nightfleet cloud WORDS --site SITE`."""
        command = [*NIGHTFLEET, "cloud", *words, "--site", str(self.site)]
        ended = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=600, check=False
        )
        said = f"{' '.join(words)}: {ended.returncode}\n{ended.stdout}\n{ended.stderr}"
        assert ended.returncode in fine, said
        return ended

    def plan(self, *words: str, fine: tuple[int, ...] = (0,)) -> Any:
        """Return the plan as JSON."""
        return json.loads(self.run("plan", *words, "--json", fine=fine).stdout)

    def refused(self, *words: str) -> str:
        """Return what is said when a guard says no."""
        ended = self.run(*words, fine=(3,))
        return plain(ended.stdout + ended.stderr)

    @contextmanager
    def applying(self, made: int) -> Iterator[subprocess.Popen[bytes]]:
        """Begin an apply, go on here once `made` resources are made; kill it if it still runs in the end."""
        command = [*NIGHTFLEET, "cloud", "apply", "--site", str(self.site)]
        log = self.place / "apply.log"
        with log.open("wb") as said:
            process = subprocess.Popen(
                command, env=self.environment, stdout=said, stderr=subprocess.STDOUT, start_new_session=True
            )
            try:
                end = time.monotonic() + 300
                while log.read_text(errors="replace").count("done: ") < made:
                    assert process.poll() is None, log.read_text(errors="replace")
                    assert time.monotonic() < end, log.read_text(errors="replace")
                    time.sleep(0.02)
                yield process
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()

    def take_down(self) -> None:
        """Destroy what is left of it, whatever a test did."""
        name = self.site.read_text().splitlines()[0].partition(": ")[2]
        self.run("destroy", "--everything", name, fine=(0, 1, 3))
