"""Claims about single settings that depend on each other, or on words of somebody else."""

import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo, available_timezones

from nightfleet.site.faults import Fault
from nightfleet.site.model import Site
from nightfleet.site.section import DNS
from nightfleet.site.words import nearest

LABEL_VALUE = r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?"
LABEL_KEY = rf"({DNS}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{{0,61}}[A-Za-z0-9])?"
OWN_LABELS = ("nightfleet/", "node-role.kubernetes.io/")
SYSCTL = r"[a-z0-9_]+([./][-A-Za-z0-9_*]+)+"
CLUSTER_PORTS = {2379: "etcd", 2380: "etcd", 6443: "kube-apiserver", 10250: "kubelet", 10256: "kube-proxy"}
CLUSTER_PORTS |= {10257: "kube-controller-manager", 10259: "kube-scheduler", 22: "sshd"}
LAST_PORT = 65535


def image_gc_has_a_span(site: Site) -> Iterator[Fault]:
    low, high = site.kubernetes.image_gc_low, site.kubernetes.image_gc_high
    if low >= high:
        yield Fault(
            f"image GC would start at {high} % and stop at {low} %",
            ("kubernetes", "image_gc_low"),
            "image_gc_low must be below image_gc_high",
        )


def image_gc_starts_before_eviction(site: Site) -> Iterator[Fault]:
    """Else a node evicts pods for want of space that old images hold."""
    available, high = site.kubernetes.eviction.imagefs_available, site.kubernetes.image_gc_high
    if available.endswith("%") and 100 - high <= float(available[:-1]):
        yield Fault(
            f"image GC starts when {100 - high} % of imagefs are free, eviction already at {available}",
            ("kubernetes", "image_gc_high"),
            f"image_gc_high must be below {100 - float(available[:-1]):g}",
        )


def shares_are_below_one(site: Site) -> Iterator[Fault]:
    for signal, threshold in site.kubernetes.eviction.model_dump(by_alias=True).items():
        if threshold.endswith("%") and not 0 < float(threshold[:-1]) < 100:
            yield Fault(
                f"kubernetes.eviction: {threshold} of {signal} is no threshold",
                ("kubernetes", "eviction", signal),
                "more than 0% and less than 100%",
            )


def endpoint_has_a_port(site: Site) -> Iterator[Fault]:
    endpoint = site.kubernetes.endpoint
    if endpoint and not 1 <= int(endpoint.rpartition(":")[2]) <= LAST_PORT:
        yield Fault(
            f"kubernetes.endpoint: {endpoint!r} has no possible port",
            ("kubernetes", "endpoint"),
            f"host:port with a port from 1 to {LAST_PORT}; usually 6443",
        )


def registry_ports_are_free(site: Site) -> Iterator[Fault]:
    first = site.registry.port
    mirrors = sum(1 for project in site.registry.projects.values() if project.pull_through)
    for port in range(first, first + mirrors + 1):
        if port in CLUSTER_PORTS or port > LAST_PORT:
            what = f"belongs to {CLUSTER_PORTS[port]}" if port in CLUSTER_PORTS else "does not exist"
            yield Fault(
                f"registry: port {port} {what}",
                ("registry", "port"),
                f"the registry and its mirrors take {mirrors + 1} from registry.port, {first}, on",
            )


def mirrors_are_named_by_host(site: Site) -> Iterator[Fault]:
    for name in site.registry.projects:
        if not re.fullmatch(rf"{DNS}(:\d{{1,5}})?", name) or not set(".:") & set(name):
            yield Fault(
                f"registry.projects: {name!r} is not the name of an upstream registry",
                ("registry", "projects", name),
                "the first part of an image's name, like registry.k8s.io or docker.io",
            )


def pushed_projects_are_not_mirrors(site: Site) -> Iterator[Fault]:
    """distribution refuses pushes as soon as it is a pull-through cache."""
    for name, project in site.registry.projects.items():
        if project.seed and project.pull_through:
            yield Fault(
                f"registry.projects: {name!r} cannot be both seeded and pulled through",
                ("registry", "projects", name),
                "keep seed: true to push the depot's images, or pull_through to fetch them at the first pull",
            )


def labels_are_well_formed(site: Site) -> Iterator[Fault]:
    for key, entry in site.nodes.items():
        for label, value in entry.labels.items():
            at = ("nodes", key, "labels", label)
            if label.startswith(OWN_LABELS):
                yield Fault(f"nodes.{key}: nightfleet sets {label!r} itself", at, "take it out")
            if not re.fullmatch(LABEL_KEY, label):
                yield Fault(
                    f"nodes.{key}: {label!r} cannot be a label", at, "written like rack or example.org/rack"
                )
            if not re.fullmatch(LABEL_VALUE, value):
                yield Fault(
                    f"nodes.{key}: a label cannot have the value {value!r}",
                    at,
                    "letters, digits, '-', '_' and '.', at most 63, with a letter or digit at both ends",
                )


def sysctls_are_well_formed(site: Site) -> Iterator[Fault]:
    for name, value in site.base.sysctls.items():
        if not re.fullmatch(SYSCTL, name) or "\n" in value:
            yield Fault(
                f"base.sysctls: {name!r} cannot be set",
                ("base", "sysctls", name),
                "written like net.core.somaxconn, with a value of one line",
            )


def timezone_exists(site: Site) -> Iterator[Fault]:
    name = site.base.timezone
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        known = available_timezones()
        if known:  # without a time zone database on this machine nobody can tell
            near = nearest(name, known)
            yield Fault(
                f"base.timezone: unknown time zone {name!r}",
                ("base", "timezone"),
                f"did you mean {near!r}?" if near else "a name like Europe/Berlin or Etc/UTC",
            )


SETTINGS = (
    image_gc_has_a_span,
    image_gc_starts_before_eviction,
    shares_are_below_one,
    endpoint_has_a_port,
    registry_ports_are_free,
    mirrors_are_named_by_host,
    pushed_projects_are_not_mirrors,
    labels_are_well_formed,
    sysctls_are_well_formed,
    timezone_exists,
)
