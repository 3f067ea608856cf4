"""A host that does not answer stops alone: real pyinfra, hosts of its fake connector."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GOOD = """os=debian
release=12
arch=arm64
kernel=6.1.0
hostname=good
clock=1795431847.67
cgroup=cgroup2fs
capabilities=000001ffffffffff
memory_kib=24683656
systemd=systemd"""
DEPLOY = """
from deploys.hostops import arch, machine, place
from deploys.hostops.wanted import File

place(name="Say who it is", files=[File("/etc/who", machine().hostname + arch())])
place(name="Say it again", files=[File("/etc/who", machine().hostname)])
"""


def run(folder: Path, hosts: dict[str, dict[str, str]]) -> dict[str, object]:
    """Run DEPLOY on hosts that answer questions with these words in them; return pyinfra's results."""
    quick = {"fake_delay": 0, "fake_delay_jitter": 0}
    known = [
        (
            f"@fake/{name}",
            {**quick, "fake_responses": {words: {"stdout": said} for words, said in all_.items()}},
        )
        for name, all_ in hosts.items()
    ]
    (folder / "inventory.py").write_text(f"hosts = {known!r}\n")
    (folder / "deploy.py").write_text(DEPLOY)
    pyinfra = Path(sys.executable).with_name("pyinfra")
    done = subprocess.run(
        [pyinfra, "--json", "-y", "--chdir", ROOT, folder / "inventory.py", folder / "deploy.py"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert "Traceback" not in done.stderr, done.stderr
    results: dict[str, object] = json.loads(done.stdout)["results"]
    return results


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        pytest.param("/etc/os-release", "id=fedora", id="to what it is"),
        pytest.param("-maxdepth 0", "f\tno mode", id="to what it has"),
    ],
)
def test_a_host_whose_answer_makes_no_sense_stops_alone(tmp_path: Path, question: str, answer: str) -> None:
    good = {"/etc/os-release": GOOD}
    results = run(tmp_path, {"good": good, "bad": {**good, question: answer}})
    assert results["failed_hosts"] == ["@fake/bad"]
    operations = results["operations"]
    assert isinstance(operations, list)
    assert [operation["success"] for operation in operations] == [["@fake/good"], ["@fake/good"]]
