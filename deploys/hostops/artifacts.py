"""Artifacts of the version lock: fetched by the host, checked, unpacked beside the old, switched by link."""

import shlex
from collections.abc import Generator, Sequence
from pathlib import Path

from pyinfra.api.command import StringCommand
from pyinfra.api.operation import operation
from pyinfra.context import host

from deploys.hostops.facts import Paths
from deploys.hostops.this import ask
from deploys.hostops.wanted import Install

SCRIPT = (Path(__file__).parent / "templates" / "artifact-install.sh").read_text(encoding="utf-8")


@operation()
def install_artifacts(installs: Sequence[Install], depot: str | None) -> Generator[StringCommand, None, None]:
    """Have these artifacts on the host, and the links point to them.

    Old versions stay beside the new one until they are pruned, so that going back is a change of links.
    """
    links = [link for install in installs for link in install.link_list]
    found = ask(Paths, paths=[*(i.folder for i in installs), *(link.path for link in links)])
    missing = [install for install in installs if install.folder not in found]
    astray = [link for link in links if not link.agrees(found.get(link.path))]
    if not (missing or astray):
        host.noop(f"{', '.join(i.stored.name for i in installs)}: in use as locked")
        return
    lines = [SCRIPT]
    for install in missing:
        urls = " ".join(shlex.quote(url) for url in install.urls(depot))
        stored = install.stored
        lines.append(
            f"fetch {shlex.quote(install.folder)} {stored.sha256} {stored.kind} {stored.name} {urls}"
        )
    lines += [f"link {shlex.quote(link.target)} {shlex.quote(link.path)}" for link in astray]
    yield StringCommand("\n".join(lines))
