"""`cloud backup run` on a timer of systemd where the operator works: of a person, or for root of the system.

The timer comes as often as copies are wanted, or more often where hours do not divide a day; the run decides
what is due.
"""

import math
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from nightfleet.cloud.project import section
from nightfleet.errors import Exit, NightfleetError
from nightfleet.site import Site

FIRST = 2  # o'clock: by night
DELAY = 150  # seconds for each hour between two runs, so that not everybody asks the cloud at once
LONGEST = 3600
PLACES = ("OS_CLIENT_CONFIG_FILE", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "NIGHTFLEET_HOME")  # where things are
SYSTEM = Path("/etc/systemd/system")


@dataclass(frozen=True, slots=True)
class Schedule:
    """Two unit files by their paths, and how systemd is told of them."""

    files: Mapping[Path, str]
    timer: str
    systemctl: tuple[str, ...]

    @property
    def commands(self) -> tuple[tuple[str, ...], ...]:
        """What starts the timer, and changes nothing when it runs."""
        return (*self.reload, (*self.systemctl, "enable", "--now", self.timer))

    @property
    def reload(self) -> tuple[tuple[str, ...], ...]:
        """What lets systemd read its files again."""
        return ((*self.systemctl, "daemon-reload"),)

    def write(self) -> tuple[Path, ...]:
        """Write the files that are not so already; return them."""
        changed = [path for path, text in self.files.items() if not path.exists() or path.read_text() != text]
        for path in changed:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.files[path], encoding="utf-8")
        return tuple(changed)

    def remove(self) -> tuple[Path, ...]:
        """Stop the timer where systemd runs, and delete the files; return those that were there."""
        there = tuple(path for path in self.files if path.exists())
        if there:
            told((*self.systemctl, "disable", "--now", self.timer))
        for path in there:
            path.unlink()
        if there:
            told(*self.reload)
        return there


def schedule_of(site: Site, environment: Mapping[str, str], root: bool) -> Schedule:
    """Return the timer of a site. `environment` is the operator's; a timer knows nothing of it by itself."""
    cloud = section(site)
    if cloud.name is None and "OS_CLOUD" not in environment:
        raise NightfleetError(
            "a timer has none of the OS_* variables of this shell, and no secret is written into a unit",
            f"{site.path}:{site.line(('cloud',))}",
            "put the credentials into ~/.config/openstack/clouds.yaml and its entry into `cloud.name`",
            Exit.USAGE,
        )
    settings = {name: str(Path(environment[name]).absolute()) for name in PLACES if environment.get(name)}
    if cloud.name is None:
        settings["OS_CLOUD"] = environment["OS_CLOUD"]
    every = cloud.backups.every
    words = [str(program()), "cloud", "backup", "run", "--site", str(site.path.absolute())]
    values = {
        "site": site.site,
        "environment": [quoted(f"{name}={value}") for name, value in settings.items()],
        "command": " ".join(quoted(word).replace("$", "$$") for word in words),
        "every": every,
        "calendar": calendar(every),
        "delay": min(every * DELAY, LONGEST),
    }
    name = f"nightfleet-copies-{site.site}"
    base = Path(environment.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    folder = SYSTEM if root else base / "systemd" / "user"
    files = {folder / f"{name}.{kind}": rendered(kind, values) for kind in ("service", "timer")}
    return Schedule(files, f"{name}.timer", ("systemctl",) if root else ("systemctl", "--user"))


def calendar(every: int) -> str:
    """Return the times of a timer, as systemd writes them: hours that divide a day and `every`. Pure."""
    step = math.gcd(every, 24)
    return f"*-*-* {FIRST % step:02}{'' if step == 24 else f'/{step}'}:00:00"


def rendered(kind: str, values: Mapping[str, object]) -> str:
    """Return the service or the timer."""
    loader = PackageLoader("nightfleet.cloud")
    environment = Environment(
        loader=loader, undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True
    )
    return environment.get_template(f"copies.{kind}.j2").render(values)


def quoted(word: str) -> str:
    """Quote a word of a unit file. Pure."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"' if set(escaped) & set(" \t'\"\\") else escaped


def program() -> Path:
    """Return where this command is: beside the Python that runs it, or on the path."""
    beside = Path(sys.executable).parent / "nightfleet"
    found = beside if beside.exists() else shutil.which("nightfleet")
    if found is None:
        raise NightfleetError(
            "the command nightfleet is not found, and a timer needs its path", hint="pip install -e ."
        )
    return Path(found).absolute()


def is_root() -> bool:
    """Tell whether the system's timers are ours to write."""
    return os.geteuid() == 0


def told(*commands: tuple[str, ...]) -> bool:
    """Run commands of systemctl until one fails; False when one did, or there is no systemd."""
    for command in commands:
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        except OSError:
            return False
        if done.returncode:
            return False
    return True
