"""backup.sh as a control plane runs it, in a folder, with stand-ins for the programs that it calls."""

import subprocess
from pathlib import Path

import pytest

from deploys.backup.plan import TEMPLATES

STAND_INS = {
    "etcdctl": 'case "$*" in *save*) for f; do :; done; echo data >"$f" ;; *) echo "{}" ;; esac',
    "etcdutl": """echo '{"hash":1,"revision":644,"totalKey":5,"totalSize":20480}'""",
    "age": 'while [ $# -gt 0 ]; do [ "$1" != -o ] || out=$2; shift; done; cat >"$out"',
    "tar": 'exec /bin/tar "$@"',
    "openssl": 'for f; do :; done; echo certificate >"$f"',
}
FULL = "echo no space left on device >&2; exit 1"
MARK = "20200101T000000Z-c1"  # an older backup, which is whole


class Host:
    """A control plane in a folder."""

    def __init__(self, root: Path) -> None:
        self.root, self.bin, self.store = root, root / "bin", root / "store"
        for folder in ("bin", "lib", "etc", "tmp", "store", "k8s/pki", "k8s/manifests", "etcd/member/snap"):
            (root / folder).mkdir(parents=True)
        for name, body in STAND_INS.items():
            self.program(name, body)
        (root / "etc/recipients").write_text("age1\n")
        settings = f"DIRECTORY={self.store}\nKEEP=1\nSITE=lab\nNODE=c1\nCOPY_NAME=\nS3_URL=\n"
        (root / "etc/settings").write_text(settings)
        (root / "k8s/pki/ca.crt").write_text("ca\n")
        (root / "k8s/manifests/kube-apiserver.yaml").write_text("image: kube-apiserver:v1.36.3\n")
        (root / "etcd/member/snap/db").write_text("data\n")
        (root / "lib/bag.sh").write_text((TEMPLATES / "bag.sh").read_text())
        script = (TEMPLATES / "backup.sh").read_text()
        for path, here in (
            ("/usr/local/lib/nightfleet", "lib"),
            ("/etc/nightfleet/backup", "etc"),
            ("/etc/kubernetes", "k8s"),
            ("/var/lib/etcd", "etcd"),
        ):
            script = script.replace(path, f"{root}/{here}")
        script = script.replace("-C / ", f"-C {root} ").replace("etc/kubernetes/pki", "k8s/pki")
        (root / "backup").write_text(script)

    def program(self, name: str, body: str) -> None:
        (self.bin / name).write_text(f"#!/bin/sh\n{body}\n")
        (self.bin / name).chmod(0o755)

    def run(self, script: str = "") -> subprocess.CompletedProcess[str]:
        env = {"PATH": f"{self.bin}:/usr/bin:/bin", "TMPDIR": str(self.root / "tmp")}
        words = ["sh", "-c", script] if script else ["sh", str(self.root / "backup")]
        return subprocess.run(words, cwd=self.root, env=env, capture_output=True, text=True, check=False)

    def bags(self) -> list[str]:
        return sorted(path.name for path in self.store.iterdir() if path.name != ".lock")

    def judge(self, check: str, name: str) -> bool:
        return self.run(f". {self.root}/lib/bag.sh; {check} {self.store}/{name}").returncode == 0


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A control plane that has one backup."""
    host = Host(tmp_path)
    done = host.run()
    assert done.returncode == 0, done.stderr
    (name,) = host.bags()
    (host.store / name).rename(host.store / MARK)
    return host


def test_a_backup_is_whole_and_takes_the_place_of_the_oldest(host: Host) -> None:
    done = host.run()
    assert done.returncode == 0, done.stderr
    assert host.bags() == [done.stdout.strip()]
    assert host.judge("whole", done.stdout.strip()) and host.judge("plausible", done.stdout.strip())


@pytest.mark.parametrize("program", STAND_INS)
def test_a_program_that_fails_ends_it_and_no_backup_is_left_or_lost(host: Host, program: str) -> None:
    host.program(program, FULL)
    done = host.run()
    assert (done.returncode, host.bags()) == (1, [MARK])
    assert "no space left" in done.stderr
    assert not list((host.root / "tmp").iterdir())


def test_a_member_list_that_fails_ends_it(host: Host) -> None:
    host.program("etcdctl", f'case "$*" in *member\\ list*) {FULL} ;; *) {STAND_INS["etcdctl"]} ;; esac')
    done = host.run()
    assert (done.returncode, host.bags()) == (1, [MARK])


@pytest.mark.parametrize("file", ["etcd.db.age", "pki.tar.age", "etcd-members.json"])
def test_what_lacks_a_file_is_no_backup_even_with_sums_that_agree(host: Host, file: str) -> None:
    (host.store / MARK / "data" / file).write_text("")
    info = host.store / MARK / "bag-info.txt"
    info.write_text("".join(line for line in info.open() if not line.startswith("Payload-Oxum")))
    assert host.judge("seal", MARK)
    assert not host.judge("whole", MARK) and not host.judge("plausible", MARK)
