"""The whole examination, question after question, each finding as soon as it is there."""

import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib import metadata
from platform import machine as processor

from nightfleet.cluster.certificates import certificates
from nightfleet.cluster.ssh import Shell
from nightfleet.depot.model import Index, Lock, Wanted, cache_dir, load_index, load_lock
from nightfleet.doctor import access, backup, cluster, machine, nodes, probe, shares
from nightfleet.doctor.nodes import Look
from nightfleet.errors import NightfleetError
from nightfleet.finding import Finding, Status
from nightfleet.home import site_path, state_dir
from nightfleet.site import Role, Site, load_site

ARCH = {"x86_64": "amd64", "aarch64": "arm64"}


def examine(site_name: str) -> Iterator[Finding]:
    """Look at this machine, then at the site, its nodes and its cluster; an invalid site ends it there."""
    yield from this_machine()
    try:
        site = load_site(site_path(site_name))
    except NightfleetError as error:
        yield Finding(
            "site", Status.FAIL, str(error).partition("\n")[0], "`nightfleet site check` says it all"
        )
        return
    yield Finding("site", Status.OK, f"{site.site}: {len(site.fleet)} nodes, {site.path}")
    yield artifacts(site)
    yield from reach(site)
    yield from kubernetes(site)
    yield from backups(site)


def this_machine() -> Iterator[Finding]:
    """Python, pyinfra, programs, disk."""
    yield machine.python(sys.version_info[:3])
    try:
        version: str | None = metadata.version("pyinfra")
    except metadata.PackageNotFoundError:
        version = None
    yield machine.pyinfra(version)
    for name, words in {"ssh": ("-V",), "go": ("version",), "terraform": ("version",)}.items():
        yield machine.program(name, probe.says(name, *words))
    yield machine.disk(str(cache_dir()), probe.free(cache_dir()))


def artifacts(site: Site) -> Finding:
    """Does the depot hold what this site installs?"""
    try:
        lock, index = load_lock(), load_index()
        missing = lacking(site, lock, index, ARCH.get(processor(), processor()))
    except NightfleetError as error:
        return Finding("depot", Status.FAIL, f"{error.where}: {error.what}", error.hint)
    if not missing:
        return Finding("depot", Status.OK, f"complete for Kubernetes {site.artifacts.kubernetes}")
    hint = f"`nightfleet depot fetch --kubernetes {site.artifacts.kubernetes}`"
    return Finding("depot", Status.WARN, f"lacks {', '.join(missing)}", hint)


def lacking(site: Site, lock: Lock, index: Index, arch: str) -> list[str]:
    """Return what a cluster of this site needs and the depot does not hold. Pure."""
    chosen = site.artifacts
    wanted: dict[Wanted, None] = {}
    for kubernetes in dict.fromkeys((chosen.kubernetes, *(node.kubernetes for node in site.fleet))):
        versions = {"containerd": chosen.containerd, "runc": chosen.runc, "cni_plugins": chosen.cni_plugins}
        wanted |= dict.fromkeys(lock.default_set(kubernetes=kubernetes, **versions))
    missing = []
    for name, version in wanted:
        try:
            if name == "images":
                index.images(version, arch)
            else:
                index.artifact(name, version, arch)
        except NightfleetError:
            missing.append(f"{name} {version}")
    return missing


def reach(site: Site) -> Iterator[Finding]:
    """Key, host keys, ports, logins, clocks and disks; what cannot be asked is left to the line above it."""
    mode, readable = probe.mode_of(site.file(site.connection.key))
    yield access.key(site, mode, readable)
    yield access.known_hosts(site, probe.read(site.file(site.connection.known_hosts)))
    answers = probe.of_each(site.fleet, lambda node: probe.connects(node, site.connection.port))
    failures = {name: why for name, why in answers.items() if why is not None}
    yield from nodes.ports(site, failures)
    if mode is None:
        return
    there = [node for node in site.fleet if node.name not in failures]
    logins = probe.of_each(there, lambda node: probe.look(node, site))
    looks = {name: look for name, look in logins.items() if isinstance(look, Look)}
    yield from nodes.logins(site, logins)
    yield from nodes.clocks(site, looks)
    yield from nodes.disks(looks)
    yield from storage(site, looks)


def storage(site: Site, looks: Mapping[str, Look]) -> Iterator[Finding]:
    """Network filesystems of the nodes that let us in; nothing where the site has none."""
    names = [name for name in shares.asked(site) if name in looks]
    if not names:
        return
    with Shell(site) as shell:
        said = shell.each(names, shares.QUESTION, seconds=shares.PATIENCE)
    yield from shares.judge(
        {name: one.out.splitlines() if one.code == 0 else None for name, one in said.items()}
    )


def kubernetes(site: Site) -> Iterator[Finding]:
    """Kubeconfig, API, nodes, certificates."""
    path = state_dir(site.site) / "kubeconfig"
    text = probe.read(path)
    who = cluster.read_access(text) if text is not None else None
    yield cluster.kubeconfig(str(path), text, who, site)
    if who is None:
        return
    seen = probe.ask_api(who)
    yield cluster.api(site, seen)
    if isinstance(seen, cluster.Seen):
        yield from cluster.nodes(site, seen)
        yield from cluster.certificates(seen, who.certificate, datetime.now(UTC))
    with Shell(site) as shell:  # also when the API is silent: its certificates may be why
        found = certificates(shell, [node.name for node in site.fleet])
    yield from cluster.node_certificates(found, datetime.now(UTC))


def backups(site: Site) -> Iterator[Finding]:
    """The newest backup on the control planes; nothing before a cluster was made from here."""
    if not (state_dir(site.site) / "kubeconfig").exists():
        return
    names = [node.name for node in site.having(Role.CONTROL_PLANE)]
    with Shell(site) as shell:
        said = shell.each(names, backup.question(site), seconds=20) if site.backup.recipients else {}
    answers = {name: one.out.splitlines() if one.code == 0 else None for name, one in said.items()}
    yield from backup.judge(site, answers, datetime.now(UTC))
