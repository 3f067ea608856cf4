"""artifact-install.sh, really run by sh: sources are files, and a kill is a kill."""

import hashlib
import io
import os
import shutil
import signal
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploys.hostops.artifacts import SCRIPT

OTHER = b"#!/bin/sh\necho something else\n"


@dataclass(frozen=True)
class Host:
    """A folder that stands for /opt/nightfleet/tool, and a source beside it."""

    root: Path

    @property
    def folder(self) -> Path:
        return self.root / "opt" / "tool" / "1.0-abcdef01"

    @property
    def part(self) -> Path:
        return self.folder.parent / f".{self.sha256}.part"

    @property
    def content(self) -> bytes:
        return b"".join(b"# line %d of the tool\n" % number for number in range(5000))

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def source(self, name: str, content: bytes | None = None) -> str:
        """Write a file that can be fetched; return its URL."""
        path = self.root / name
        path.write_bytes(self.content if content is None else content)
        return path.as_uri()

    def fetch(
        self, *urls: str, sha256: str = "", kind: str = "binary", path: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run the script as install_artifacts would."""
        call = f"fetch {self.folder} {sha256 or self.sha256} {kind} tool {' '.join(urls)}"
        return subprocess.run(
            ["sh", "-c", f"{SCRIPT}\n{call}"],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PATH": f"{path}:{os.environ['PATH']}" if path else os.environ["PATH"]},
        )

    def left(self) -> list[str]:
        """Return what lies beside and in the artifact's folder."""
        top = self.folder.parent
        return sorted(str(path.relative_to(top)) for path in top.rglob("*")) if top.exists() else []


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_a_binary_is_fetched_checked_and_nothing_else_is_left(host: Host) -> None:
    done = host.fetch(host.source("tool"))
    assert done.returncode == 0, done.stderr
    assert host.left() == ["1.0-abcdef01", "1.0-abcdef01/tool"]
    tool = host.folder / "tool"
    assert tool.read_bytes() == host.content
    assert (tool.stat().st_mode & 0o777, host.folder.stat().st_mode & 0o777) == (0o755, 0o755)


def test_a_tarball_is_unpacked(host: Host) -> None:
    packed = tarball({"bin/tool": b"a tool", "share/doc": b"its page"})
    done = host.fetch(
        host.source("tool.tgz", packed), sha256=hashlib.sha256(packed).hexdigest(), kind="tar.gz"
    )
    assert done.returncode == 0, done.stderr
    assert (host.folder / "bin/tool").read_bytes() == b"a tool"
    assert len(host.left()) == 5


def test_a_wrong_sha256_is_fatal_and_the_file_is_removed(host: Host) -> None:
    done = host.fetch(host.source("tool", OTHER))
    assert done.returncode == 1
    assert f"does not have the locked sha256 {host.sha256}; it was removed" in done.stderr
    assert host.left() == []


def test_the_second_source_is_used_when_the_first_is_gone_or_has_other_bytes(host: Host) -> None:
    gone = (host.root / "gone").as_uri()
    done = host.fetch(gone, host.source("other", OTHER), host.source("tool"))
    assert done.returncode == 0
    assert (host.folder / "tool").read_bytes() == host.content
    assert f"tool: {gone}: curl: (37)" in done.stderr


def test_no_source_at_all_is_said_with_the_way_out(host: Host) -> None:
    done = host.fetch()
    assert done.returncode == 1
    assert "nightfleet depot serve" in done.stderr


def test_an_interrupted_download_is_continued(host: Host) -> None:
    # the source's beginning has other bytes by now: only a continued download ends in the right ones
    half = len(host.content) // 2
    host.part.parent.mkdir(parents=True)
    host.part.write_bytes(host.content[:half])
    changed = b"?" * half + host.content[half:]
    assert host.fetch(host.source("tool", changed)).returncode == 0
    assert (host.folder / "tool").read_bytes() == host.content


@pytest.mark.parametrize("left", [b"?" * 100, b"?" * 200_000], ids=["shorter", "longer"])
def test_an_interrupted_download_of_other_bytes_begins_again(host: Host, left: bytes) -> None:
    host.part.parent.mkdir(parents=True)
    host.part.write_bytes(left)
    assert host.fetch(host.source("tool")).returncode == 0
    assert host.left() == ["1.0-abcdef01", "1.0-abcdef01/tool"]


@pytest.mark.parametrize("moment", ["curl", "sha256sum", "mktemp", "install", "sync", "mv", "rm"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_at_any_moment_leaves_no_half_artifact_and_the_next_run_completes_it(
    host: Host, moment: str, when: str
) -> None:
    programs = host.root / "programs"
    programs.mkdir()
    real = shutil.which(moment)
    run, kill = f'{real} "$@"', "kill -9 $PPID"
    steps = (kill, "exit") if when == "before" else (run, kill)
    (programs / moment).write_text("#!/bin/sh\n" + "\n".join(steps) + "\n")
    (programs / moment).chmod(0o755)
    url = host.source("tool")
    killed = host.fetch(url, path=str(programs))
    assert killed.returncode == -signal.SIGKILL
    assert not host.folder.exists() or (host.folder / "tool").read_bytes() == host.content
    assert host.fetch(url).returncode == 0
    assert (host.folder / "tool").read_bytes() == host.content


def test_what_killed_runs_left_is_removed_an_hour_later(host: Host) -> None:
    old, new = (host.folder.with_name(f"{host.folder.name}.{end}") for end in ("aaaaaa", "bbbbbb"))
    for stage in (old, new):
        stage.mkdir(parents=True)
    os.utime(old, (0, 0))
    assert host.fetch(host.source("tool")).returncode == 0
    assert (old.exists(), new.exists()) == (False, True)


def test_a_link_is_switched_and_never_missing(host: Host) -> None:
    path = host.root / "bin" / "tool"
    for target in ("/opt/one", "/opt/two"):
        subprocess.run(["sh", "-c", f"{SCRIPT}\nlink {target} {path}"], check=True)
        assert path.readlink() == Path(target)
    assert [entry.name for entry in path.parent.iterdir()] == ["tool"]


def tarball(files: dict[str, bytes]) -> bytes:
    """Pack files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
