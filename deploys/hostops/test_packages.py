"""apt-install.sh, really run by sh, with programs that stand for apt-get and dpkg."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploys.hostops.packages import SCRIPT

# What apt-get 2.6 says when dpkg is at work elsewhere, and when its lists are too old.
LOCKED = (
    "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 812 (unattended-upgr)\n"
    "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend),"
    " is another process using it?\n"
)
UNKNOWN = "E: Unable to locate package chrony\n"
APT_GET = """#!/bin/sh
case $* in *update*) verb=update ;; *) verb=install ;; esac
echo "$verb offline=$SYSTEMD_OFFLINE $DEBIAN_FRONTEND" >>{root}/calls
for word; do echo "$word"; done >{root}/last-words
said=$(ls {root}/says-$verb-* 2>/dev/null | head -n 1)
[ -z "$said" ] || {{ cat "$said" >&2; rm "$said"; exit 100; }}
"""
DPKG = """#!/bin/sh
case $* in
--audit) cat {root}/audit 2>/dev/null ;;
*) echo "dpkg $*" >>{root}/calls; rm -f {root}/audit ;;
esac
"""
SLEEP = "#!/bin/sh\nexit 0\n"


@dataclass(frozen=True)
class Host:
    """A folder with the programs, what they will say next, and what they were told."""

    root: Path

    def will_say(self, verb: str, *answers: str) -> None:
        """Let the next calls of apt-get fail with these words."""
        for number, answer in enumerate(answers):
            (self.root / f"says-{verb}-{number}").write_text(answer)

    def install(self, *packages: str, lock_timeout: int = 600) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                "sh",
                "-c",
                f"LOCK_TIMEOUT={lock_timeout} OURS={self.root}/ours\nset -- {' '.join(packages)}\n{SCRIPT}",
            ],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PATH": f"{self.root}:{os.environ['PATH']}"},
        )

    @property
    def calls(self) -> list[str]:
        return [line.split()[0] for line in (self.root / "calls").read_text().splitlines()]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    for name, text in (("apt-get", APT_GET), ("dpkg", DPKG), ("sleep", SLEEP)):
        (tmp_path / name).write_text(text.format(root=tmp_path))
        (tmp_path / name).chmod(0o755)
    return Host(tmp_path)


def test_packages_are_installed_without_starting_services_asking_or_upgrading(host: Host) -> None:
    done = host.install("chrony", "curl")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (host.root / "calls").read_text() == "install offline=1 noninteractive\n"
    words = (host.root / "last-words").read_text().splitlines()
    assert words[-2:] == ["chrony", "curl"]
    assert {"--no-upgrade", "--no-install-recommends", "Dpkg::Options::=--force-confold"} <= set(words)


def test_old_lists_are_renewed_and_then_it_works(host: Host) -> None:
    host.will_say("install", UNKNOWN)
    done = host.install("chrony")
    assert (done.returncode, done.stderr) == (0, "")
    assert host.calls == ["install", "update", "install"]


def test_what_is_unknown_after_that_is_an_error_in_apts_words(host: Host) -> None:
    host.will_say("install", UNKNOWN, UNKNOWN)
    done = host.install("chrony")
    assert done.returncode != 0
    assert done.stderr == UNKNOWN


def test_a_held_lock_is_waited_for_and_said_once(host: Host) -> None:
    host.will_say("install", LOCKED, LOCKED, LOCKED)
    done = host.install("chrony")
    assert done.returncode == 0
    assert host.calls == ["install"] * 4
    assert done.stdout.count("waiting for another package manager") == 1
    assert "held by process 812 (unattended-upgr)" in done.stdout


def test_a_lock_that_is_held_too_long_is_an_error_with_the_way_out(host: Host) -> None:
    host.will_say("install", LOCKED)
    host.will_say("update", LOCKED)
    done = host.install("chrony", lock_timeout=0)
    assert done.returncode != 0
    assert "held by process 812" in done.stderr
    assert "wait for it, or end it, then run again" in done.stderr


def test_what_a_killed_dpkg_left_is_mended_first(host: Host) -> None:
    (host.root / "audit").write_text("The following packages are only half configured ...\n")
    assert host.install("chrony").returncode == 0
    assert host.calls == ["dpkg", "install"]
    assert "--configure -a --force-confold" in (host.root / "calls").read_text()
