"""Every node role by its Molecule scenario: made on a blank host, made again without a change, verified.

`molecule test` boots the scenario's own lab and takes it away. What it said is kept in pytest's temporary
folder, which a failure names. The worker's lab stays a little longer: checks must fail when they should.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nightfleet.lab.layout import Layout
from nightfleet.site import Role, load_site

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
LIMIT = 20 * 60  # seconds; two hosts from nothing to a cluster take two minutes
WORKER = ROOT / "roles" / "worker" / "molecule" / "default" / "site.yaml"

DROP_IN = "/etc/kubernetes/kubelet.d/99-more.conf"
EVICT_LATE = {
    "apiVersion": "kubelet.config.k8s.io/v1beta1",
    "kind": "KubeletConfiguration",
    "evictionHard": {"memory.available": "1Mi"},
}
RESTART_KUBELET = (
    "systemctl restart kubelet; for i in $(seq 60); do"
    " curl -sf --max-time 2 http://127.0.0.1:10248/healthz >/dev/null && break; sleep 1; done"
)

# What somebody does to a worker, how it is undone, and the claim that must then be false.
HARM = {
    "base: kernel settings are in force and will be after a boot": (
        "sysctl -q -w net.ipv4.ip_forward=0",
        "sysctl -q -w net.ipv4.ip_forward=1",
    ),
    "base: it tells the time of its zone": (
        "ln -sfn /usr/share/zoneinfo/Asia/Tokyo /etc/localtime",
        "ln -sfn /usr/share/zoneinfo/Etc/UTC /etc/localtime",
    ),
    "base: the account may not touch": (
        "echo 'nightfleet ALL=(root) NOPASSWD: ALL' >/etc/sudoers.d/zz-more",
        "rm /etc/sudoers.d/zz-more",
    ),
    "base: it finds every node by name": (
        "cp /etc/hosts /root/hosts && sed -i '/wk-c1/d' /etc/hosts",
        "cat /root/hosts >/etc/hosts",
    ),
    "containerd: settings of the site arrive and drop ins are read": (
        "printf 'version = 3\\n[debug]\\n  level = \"error\"\\n' >/etc/containerd/conf.d/more.toml",
        "rm /etc/containerd/conf.d/more.toml",
    ),
    "kubernetes: kubelet evicts at the sites five thresholds": (
        f"echo '{json.dumps(EVICT_LATE)}' >{DROP_IN}; {RESTART_KUBELET}",
        f"rm {DROP_IN}; {RESTART_KUBELET}",
    ),
    "kubernetes: keys and kubeconfigs are for root alone": (
        "chmod 644 /etc/kubernetes/kubelet.conf",
        "chmod 600 /etc/kubernetes/kubelet.conf",
    ),
    "network: packets to pods of other nodes go straight there": (
        "ip route del 10.97.11.0/24",
        "ip route replace 10.97.11.0/24 via 10.96.3.11",
    ),
    "network: what leaves the pod network leaves as its node and nothing else does": (
        "nft add rule ip nightfleet-pods postrouting masquerade",
        "systemctl restart nightfleet-routes",
    ),
}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """This environment's tools first; everything that Molecule and Ansible keep lies in pytest's folder."""
    kept = tmp_path_factory.mktemp("roles")
    return os.environ | {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "ANSIBLE_HOME": str(kept / "ansible"),
        "NO_COLOR": "1",
    }


def molecule(role: Role, environment: dict[str, str], *words: str) -> tuple[int, str]:
    """Run Molecule in a role's folder; return how it ended and what it said, which is also kept."""
    folder = Path(environment["ANSIBLE_HOME"]).parent
    own = {"MOLECULE_EPHEMERAL_DIRECTORY": str(folder / role.value)}
    log = folder / f"{role.value}-{words[0]}.log"
    with log.open("w", encoding="utf-8") as output:
        ended = subprocess.run(
            ["molecule", *words],
            cwd=ROOT / "roles" / role.value,
            env=environment | own,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=LIMIT,
            check=False,
        )
    return ended.returncode, f"{log}\n{log.read_text(encoding='utf-8')[-5000:]}"


def stands(role: Role) -> bool:
    """Tell whether anything of a scenario's lab is left."""
    site = load_site(ROOT / "roles" / role.value / "molecule" / "default" / "site.yaml")
    return Layout(site.site).dir.exists()


@pytest.mark.skipif(
    not os.environ.get("NIGHTFLEET_LIFE"),
    reason="test_cluster.py makes both roles as well: NIGHTFLEET_LIFE=1 runs their scenarios",
)
@pytest.mark.parametrize("role", [Role.REGISTRY, Role.CONTROL_PLANE])
def test_a_blank_host_becomes_the_role_and_stays_it(role: Role, environment: dict[str, str]) -> None:
    ended, said = molecule(role, environment, "test")
    if ended != 0:
        molecule(role, environment, "destroy")
    assert ended == 0, said
    assert not stands(role)


@pytest.fixture(scope="module")
def worker(environment: dict[str, str]) -> Iterator[tuple[int, str]]:
    """The worker's scenario, whose hosts stay for the tests that follow."""
    molecule(Role.WORKER, environment, "destroy")
    yield molecule(Role.WORKER, environment, "test", "--destroy=never")
    ended, said = molecule(Role.WORKER, environment, "destroy")
    assert ended == 0, said
    assert not stands(Role.WORKER)


def test_a_blank_host_becomes_a_worker_and_stays_it(worker: tuple[int, str]) -> None:
    ended, said = worker
    assert ended == 0, said


def verify(environment: dict[str, str], *words: str) -> dict[str, set[str]]:
    """Verify the worker; return its claims by how they came out."""
    done = subprocess.run(
        [BIN / "nightfleet", "verify", "wk-w1", "--json", "--site", WORKER, *words],
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=LIMIT,
        check=False,
    )
    claims: dict[str, set[str]] = {"passed": set(), "failed": set(), "unknown": set()}
    for check in json.loads(done.stdout)["checks"]:
        if check["capability"] != "smoke":  # the proof of a whole fleet, which a role does not make
            claims[check["outcome"]].add(f"{check['capability']}: {check['claim']}")
    return claims


def on_worker(command: str) -> None:
    """Run a command on the worker."""
    argv = ["nightfleet", "lab", "ssh", "wk-w1", "--site", str(WORKER), "--", "sh", "-c", command]
    subprocess.run([BIN / argv[0], *argv[1:]], check=True, stdin=subprocess.DEVNULL, timeout=LIMIT)


@pytest.mark.usefixtures("worker")
def test_checks_fail_when_somebody_changed_what_they_claim_and_only_then(
    environment: dict[str, str],
) -> None:
    assert verify(environment)["failed"] == set()
    for harm, _ in HARM.values():
        on_worker(harm)
    broken = verify(environment)["failed"]
    for _, undo in reversed(HARM.values()):  # a kubelet behind a masquerade of everything answers nobody
        on_worker(undo)
    assert broken >= set(HARM), f"not noticed: {set(HARM) - broken}"
    end = time.monotonic() + 300  # kubelet was restarted: the node is Ready again in a moment
    while left := verify(environment)["failed"]:
        assert time.monotonic() < end, left


@pytest.mark.usefixtures("worker")
def test_a_host_whose_sshd_is_gone_is_unknown_not_failed(environment: dict[str, str]) -> None:
    on_worker("systemctl stop ssh")  # the last test on this lab
    claims = verify(environment, "--only", "base")
    assert claims["unknown"]
    assert not claims["passed"] | claims["failed"]
