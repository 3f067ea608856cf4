"""What a newcomer runs first: the helpers behind make, on machines that are not ready yet."""

import os
import subprocess
from pathlib import Path

from check.clone import ROOT, text


def environment(path: Path, *words: str, python: str = "") -> subprocess.CompletedProcess[str]:
    """Run .ci/environment where only the commands in `path` and the core ones exist."""
    return subprocess.run(
        [ROOT / ".ci/environment", *words],
        env={
            "PATH": f"{path}:/usr/bin:/bin",
            "PYTHON": python or "python3",
            "HOME": os.environ.get("HOME", "/"),
        },
        check=False,
        capture_output=True,
        text=True,
    )


def command(path: Path, name: str, body: str) -> None:
    """Put a command first on the PATH: the machine's answer, not ours."""
    (path / name).write_text(f"#!/bin/sh\n{body}\n")
    (path / name).chmod(0o755)


def test_an_old_python_is_refused_with_the_way_out(tmp_path: Path) -> None:
    command(tmp_path, "python3", 'case "$1" in --version) echo Python 3.9.2;; *) exit 1;; esac')
    ended = environment(tmp_path, str(tmp_path / "venv"))
    assert ended.returncode == 1
    assert "needs Python 3.11 or newer, found Python 3.9.2" in ended.stderr
    assert "hint: " in ended.stderr


def test_a_missing_venv_module_is_installed_as_a_debian_package_after_saying_so(tmp_path: Path) -> None:
    # A Python that is new enough and cannot import venv, as Debian installs it.
    command(
        tmp_path,
        "python3",
        'case "$2" in *ensurepip*) exit 1;; *print*) echo python3.11-venv;; *) exit 0;; esac',
    )
    command(tmp_path, "apt-get", 'echo "apt-get $*"')
    command(tmp_path, "sudo", 'exec "$@"')
    ended = environment(tmp_path, "packages")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[0] == "installing Debian packages: python3.11-venv"
    assert "install -qq -y --no-install-recommends python3.11-venv" in ended.stdout


def test_help_explains_every_target() -> None:
    targets = {line.partition(":")[0] for line in text(Path("Makefile")).splitlines() if line[:1].islower()}
    # the tests themselves may run below a make, which announces every make below it
    command = ["make", "--no-print-directory", "help"]
    shown = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert {"help", "lab", "test", "check", "bench", "docs", "clean", "lock"} <= targets
    assert {line.split()[1] for line in shown.splitlines()} == targets
