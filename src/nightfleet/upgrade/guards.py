"""What speaks against an upgrade before anything is touched; each reason with its way out. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from nightfleet.cluster.etcd import why_not_stop
from nightfleet.cluster.nodes import not_ready
from nightfleet.site import Role, Site
from nightfleet.site.checks.cluster import OLDEST_KUBELET, numbers
from nightfleet.upgrade.observed import Observed

GIB = 1 << 30
# binaries and unpacking; images of both versions beside each other; kubeadm's copy of etcd's data
LEAST_FREE = {"/": GIB, "/var/lib/containerd": 2 * GIB, "/var/lib/kubelet": GIB // 4, "/var/lib/etcd": GIB}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not, where, and what to do about it."""

    what: str
    where: str
    hint: str


@dataclass(frozen=True, slots=True)
class Waived:
    """What a person has decided to accept."""

    deprecated: bool = False  # APIs in use that the new version does not have
    outside_window: str = ""  # the reason for not waiting until the window opens
    tolerate: int = 0  # workers that may be left out or fail


def version_refusals(site: Site, observed: Observed) -> Iterator[Refusal]:
    """The control plane moves up by one minor at a time, never down."""
    target, running = numbers(site.artifacts.kubernetes), numbers(observed.api_version)
    where = f"{site.path}:{site.line(('artifacts', 'kubernetes'))}"
    if target < running:
        yield Refusal(
            f"the cluster runs {observed.api_version}; {site.artifacts.kubernetes} would be a step back",
            where,
            f"Kubernetes has no way back: write 'kubernetes: {observed.api_version}' or newer, or restore a"
            " backup",
        )
    elif target[0] != running[0] or target[1] > running[1] + 1:
        step = f"{running[0]}.{running[1] + 1}"
        yield Refusal(
            f"from {observed.api_version} to {site.artifacts.kubernetes} skips a minor version",
            where,
            f"write a version of {step} there first, upgrade, then go on"
            " (https://kubernetes.io/releases/version-skew-policy/)",
        )


def artifact_refusals(site: Site, missing: Mapping[str, str]) -> Iterator[Refusal]:
    """Everything must be in the depot; `missing` says what is not, and what would get it."""
    for what, hint in missing.items():
        yield Refusal(what, f"{site.path}:{site.line(('artifacts',))}", hint)


def skew_refusals(site: Site, observed: Observed) -> Iterator[Refusal]:
    """A kubelet may be three minors older than the API server, and never newer."""
    target = numbers(site.artifacts.kubernetes)
    for view in observed.nodes.values():
        if not view.version:
            continue
        kubelet = numbers(view.version)
        if target[1] - kubelet[1] > OLDEST_KUBELET:
            yield Refusal(
                f"its kubelet {view.version} would be {target[1] - kubelet[1]} minors behind",
                view.name,
                f"at most {OLDEST_KUBELET} are allowed: upgrade it before the control plane goes on",
            )
        elif kubelet > numbers(observed.api_version) and kubelet > target:
            yield Refusal(
                f"its kubelet {view.version} is newer than the control plane",
                view.name,
                f"no kubelet may be: write 'kubernetes: {view.version}' or newer",
            )


def node_refusals(
    site: Site, observed: Observed, ours: Collection[str], waived: Waived
) -> tuple[dict[str, str], list[Refusal]]:
    """Return workers that are left out, with the reason, and what is refused because of nodes.

    `ours` are nodes in the middle of this very upgrade: they may be away for a moment.
    """
    bad: dict[str, str] = {}
    for node in site.fleet:
        if node.name not in observed.nodes:
            bad[node.name] = "is no member of the cluster"
        elif why := observed.hosts[node.name].unreachable:
            bad[node.name] = f"cannot be reached: {why}"
    for name in not_ready(observed.nodes.values(), but=ours):
        bad.setdefault(name, "is not Ready")
    planes = {node.name for node in site.having(Role.CONTROL_PLANE)}
    others = {name: why for name, why in bad.items() if name not in planes}
    if len(others) <= waived.tolerate:
        bad = {name: why for name, why in bad.items() if name in planes}
    else:
        others = {}
    hints = {
        "is no member of the cluster": "nightfleet converge joins it; or take it out of the site file",
        "is not Ready": "nightfleet doctor; repair it, or with --tolerate leave workers like it out",
    }
    other = "see that it runs and answers ssh, or with --tolerate leave workers like it out"
    return others, [Refusal(f"it {why}", name, hints.get(why, other)) for name, why in bad.items()]


def etcd_refusals(observed: Observed, planes: Sequence[str]) -> Iterator[Refusal]:
    """Every member healthy, none still learning, and the others a majority whenever one stops."""
    if observed.etcd_silent:
        yield Refusal(observed.etcd_silent, "etcd", "nightfleet doctor; no backup can be made either")
        return
    for member in observed.members:
        if not member.healthy or member.learner:
            how = "is still a learner" if member.learner else "is not healthy"
            yield Refusal(
                f"etcd: {member.name or member.id} {how}", "etcd", "repair it first: every member is needed"
            )
    for name in planes:
        if why := why_not_stop(observed.members, name):
            yield Refusal(why, name, "bring the other members back first")


def disk_refusals(observed: Observed, changing: Iterable[str]) -> Iterator[Refusal]:
    """Old and new lie beside each other for a while."""
    for name in changing:
        for folder, least in LEAST_FREE.items():
            free = observed.hosts[name].free.get(folder)
            if free is not None and free < least:
                yield Refusal(
                    f"{folder} has {free >> 20} MiB free, needs {least >> 20}",
                    name,
                    "make room: `crictl rmi --prune`, old versions in /opt/nightfleet",
                )


def deprecation_refusals(
    site: Site, observed: Observed, ours: Collection[str], waived: Waived
) -> Iterator[Refusal]:
    """Nobody may still ask for what the new version no longer has; each API server knows its own askers."""
    for name, why in observed.metrics_silent.items():
        if not waived.deprecated and name not in ours:
            yield Refusal(
                f"unknown whether somebody asks it for deprecated APIs: its metrics cannot be read: {why}",
                name,
                "see that its API server answers: nightfleet doctor; or --accept-deprecated",
            )
    target = numbers(site.artifacts.kubernetes)[:2]
    for api in observed.deprecated:
        if not waived.deprecated and numbers(api.removed)[:2] <= target:
            yield Refusal(
                f"somebody asked for {api.name}, which {api.removed} no longer has",
                "the API server's metric apiserver_requested_deprecated_apis",
                "find who (audit log, k8s.io/deprecated) and renew it; or --accept-deprecated",
            )


def window_refusals(site: Site, observed: Observed, waived: Waived) -> Iterator[Refusal]:
    """Nodes are taken away in the site's maintenance windows only."""
    zone = site.base.timezone
    if waived.outside_window or site.maintenance.open_at(observed.moment, zone):
        return
    opens = site.maintenance.next_opening(observed.moment, zone)
    when = f"it opens {opens:%a %Y-%m-%d %H:%M} {zone}" if opens else "it never opens"
    yield Refusal(
        f"outside the maintenance window: {when}",
        f"{site.path}:{site.line(('maintenance', 'windows'))}",
        "wait for it, or --outside-window REASON, which the ledger keeps",
    )


def warnings(observed: Observed, leaving: Iterable[str]) -> Iterator[str]:
    """What will hold up a drain unless somebody looks after it before."""
    for budget in observed.budgets:
        if budget.allowed < 1:
            yield f"budget {budget.name} lets no pod go now; the drain of its nodes will wait for it"
    for name in leaving:
        if pods := observed.bare.get(name):
            yield f"{name}: nobody would bring back {', '.join(map(str, pods))}; its drain will stop there"
