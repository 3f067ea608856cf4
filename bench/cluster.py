"""From blank hosts to a proven cluster: `nightfleet converge` against the script by_hand.sh.

Pairs are measured on fresh hosts in the order ours, theirs, theirs, ours, so that a machine that grows
slower or faster favours nobody. Booting the hosts is not part of it: both begin when ssh answers.
"""

import json
import statistics
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.lab import BenchLab
from bench.measure import ROOT, Cost, cost, say
from bench.report import Line, Result
from nightfleet.depot.model import load_index
from nightfleet.lab.cgroups import group_name

AIM = 1.15
CGROUPS = Path("/sys/fs/cgroup")
SCRIPT = ROOT / "bench" / "by_hand.sh"
BOTH = (
    "both install the same artifacts from the same depot, and end when every node is Ready and a pod on each"
    " worker has resolved a Service and talked to the pod on the other"
)
KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf"


@dataclass(frozen=True, slots=True)
class Made:
    """Seconds that one cluster took: wall clock, and CPU of all hosts, which says more on a busy machine."""

    wall: float
    cpu: float


def run(lab: BenchLab, pairs: int) -> Result:
    """Measure `pairs` pairs; the last cluster is ours, and stays up for what is measured next."""
    ours: list[Made] = []
    theirs: list[Made] = []
    for number in range(pairs):
        first_ours = (pairs - number) % 2 == 0
        for turn in (first_ours, not first_ours):
            lab.blank()
            idle = hosts_cpu(lab)
            took = converge(lab, number) if turn else by_hand(lab, number)
            (ours if turn else theirs).append(Made(took.wall, hosts_cpu(lab) - idle))
            check(lab)
    ratios = [mine.wall / other.wall for mine, other in zip(ours, theirs, strict=True)]
    wall = statistics.median(one.wall for one in ours), statistics.median(one.wall for one in theirs)
    cpu = statistics.median(one.cpu for one in ours), statistics.median(one.cpu for one in theirs)
    ratio = statistics.median(ratios)
    return Result(
        "cluster",
        "Blank hosts to a proven cluster: one control plane with registry, two workers.",
        (
            Line("wall clock", f"{wall[0]:.1f} s", f"by hand {wall[1]:.1f} s", f"{ratio:.2f}", f"≤ {AIM}"),
            Line("CPU of the hosts", f"{cpu[0]:.1f} s", f"by hand {cpu[1]:.1f} s", f"{cpu[0] / cpu[1]:.2f}"),
        ),
        (
            f"pairs on fresh hosts: {pairs}; ratio of each: {', '.join(f'{one:.2f}' for one in ratios)}",
            BOTH,
        ),
        {"ours": [asdict(one) for one in ours], "by_hand": [asdict(one) for one in theirs], "ratios": ratios},
    )


def converge(lab: BenchLab, number: int) -> Cost:
    """Make the cluster as an operator would."""
    took = cost(lab.converge(), lab.folder / f"converge-{number}.log")
    say(f"nightfleet converge: {took.wall:.1f} s")
    return took


def by_hand(lab: BenchLab, number: int) -> Cost:
    """Make the cluster with the script."""
    artifacts, images = lists(lab)
    took = cost(["bash", SCRIPT, lab.ssh_config, artifacts, images], lab.folder / f"by-hand-{number}.log")
    say(f"by_hand.sh: {took.wall:.1f} s")
    return took


def hosts_cpu(lab: BenchLab) -> float:
    """Return the seconds of CPU that the hosts have used so far, as their control groups count them."""
    seconds = 0.0
    for node in lab.site.fleet:
        group = group_name(lab.site.site, node.name)
        if usage := next(CGROUPS.glob(f"*/{group}/cpuacct.usage"), None):  # cgroup v1
            seconds += int(usage.read_text()) / 1e9
        elif stat := next(CGROUPS.glob(f"**/{group}*/cpu.stat"), None):
            fields = dict(line.split() for line in stat.read_text().splitlines())
            seconds += int(fields["usage_usec"]) / 1e6
    return seconds


def lists(lab: BenchLab) -> tuple[Path, Path]:
    """Write what the script is told: name, sha256 and path of artifacts and images of the version lock."""
    versions, index = lab.site.artifacts, load_index()
    wanted = {
        "containerd": versions.containerd,
        "runc": versions.runc,
        "cni-plugins": versions.cni_plugins,
        **dict.fromkeys(("kubelet", "kubeadm", "kubectl"), versions.kubernetes),
    }
    artifacts, images = lab.folder / "artifacts", lab.folder / "images"
    stored = [index.artifact(name, version) for name, version in wanted.items()]
    artifacts.write_text("".join(f"{one.name} {one.sha256} {one.path}\n" for one in stored))
    every = index.images(versions.kubernetes)
    images.write_text("".join(f"{one.reference} {one.sha256} {one.path}\n" for one in every))
    return artifacts, images


def check(lab: BenchLab) -> None:
    """Ask the cluster itself, whoever made it: all nodes are Ready, each worker runs a pod of the proof."""
    first = lab.site.first_control_plane.name
    nodes = json.loads(lab.ask(first, f"{KUBECTL} get nodes -o json"))["items"]
    pods = json.loads(lab.ask(first, f"{KUBECTL} get pods -A -l app=smoke -o json"))["items"]
    ready = {
        node["metadata"]["name"]
        for node in nodes
        if any(one["type"] == "Ready" and one["status"] == "True" for one in node["status"]["conditions"])
    }
    running = {pod["spec"]["nodeName"] for pod in pods if pod["status"]["phase"] == "Running"}
    wanted = {node.name for node in lab.site.fleet}
    if ready != wanted or running != wanted - {first}:
        raise RuntimeError(f"not a proven cluster: Ready {ready}, pods on {running}")
