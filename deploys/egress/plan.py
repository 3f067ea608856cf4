"""egress, decided: what a node must reach, and why it is refused. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from nightfleet.site import Node, Role, Site

TEMPLATES = Path(__file__).parent / "templates"
RELEASES = ("https://dl.k8s.io/", "https://github.com/")  # where artifacts come from without a depot


@dataclass(frozen=True, slots=True)
class Targets:
    """What to try: sources, and the address of the node that the others talk to most."""

    urls: tuple[str, ...]
    peer: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one try of a name, source or path ended. `said` tells why it failed, else is empty."""

    kind: str
    what: str
    said: str = ""


def targets(site: Site, node: Node) -> Targets:
    """Return what this node must reach; its own package sources are found on the machine."""
    sources = [site.artifacts.depot] if site.artifacts.depot else list(RELEASES)
    if node.has(Role.REGISTRY):
        sources += [
            project.pull_through for project in site.registry.projects.values() if project.pull_through
        ]
    return Targets(tuple(dict.fromkeys(sources)), str(site.first_control_plane.address))


def read_attempts(output: Iterable[str]) -> tuple[Attempt, ...]:
    """Read the lines of templates/try.sh: kind, what, and why not, with tabs between."""
    parts = (line.split("\t") for line in output if line.count("\t") == 2)
    return tuple(Attempt(kind, what, said.strip()) for kind, what, said in parts)


def reasons(wanted: Targets, tried: Iterable[Attempt]) -> list[str]:
    """Return why this machine is refused; nothing when all that was tried ended well."""
    listed = tuple(tried)
    return [*_unnamed(listed), *_unreached(listed), *_small(listed), *_untried(wanted, listed)]


def _unnamed(tried: tuple[Attempt, ...]) -> Iterator[str]:
    for one in tried:
        if one.kind == "name" and one.said:
            yield f"{one.what} does not resolve: {one.said}; see /etc/resolv.conf and the subnet's resolvers"


def _unreached(tried: tuple[Attempt, ...]) -> Iterator[str]:
    """A source whose name does not resolve is not told twice."""
    lost = {one.what for one in tried if one.kind == "name" and one.said}
    for one in tried:
        if one.kind == "source" and one.said and urlsplit(one.what).hostname not in lost:
            yield f"{one.what} does not answer: {one.said}; see the router, egress rules and proxies"


def _small(tried: tuple[Attempt, ...]) -> Iterator[str]:
    for one in tried:
        if one.kind == "path" and one.said:
            yield (
                f"packets as large as the interface's MTU do not reach {one.what}: {one.said}; set the"
                " network's MTU (the module's `mtu`), or the interface's"
            )


def _untried(wanted: Targets, tried: tuple[Attempt, ...]) -> Iterator[str]:
    """An answer that lacks a source is a try that was cut off, not good news."""
    done = {one.what for one in tried if one.kind == "source"}
    for url in wanted.urls:
        if url not in done:
            yield f"{url} was not tried: the machine's answer was cut off"
