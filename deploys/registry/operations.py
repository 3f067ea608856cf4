"""Filling a registry."""

import shlex
from collections.abc import Generator, Sequence

from pyinfra.api.command import StringCommand
from pyinfra.api.operation import operation
from pyinfra.context import host

from deploys.hostops.refusal import refusal
from deploys.hostops.this import ask
from deploys.registry.facts import Digests
from deploys.registry.plan import TEMPLATES, Seed

LANES = 2  # images that are pushed at the same time: one is written while the other is read and summed
SCRIPT = (TEMPLATES / "push.sh").read_text(encoding="utf-8")


@operation()
def seed(seeds: Sequence[Seed], port: int, depot: str | None) -> Generator[StringCommand, None, None]:
    """Push each image whose digest the registry does not have under its tag; blobs are shared."""
    if not seeds:
        host.noop("no project is seeded")
        return
    found = ask(Digests, tags=[seed.tag for seed in seeds], port=port)
    missing = [seed for seed in seeds if found.get(seed.tag) != seed.digest]
    if not missing:
        host.noop(f"{len(seeds)} images are in the registry")
        return
    if depot is None:
        yield refusal(["seeding needs artifacts.depot in the site file; see nightfleet depot serve --help"])
        return
    pushes = []
    for image in missing:
        url = shlex.quote(f"{depot.rstrip('/')}/{image.archive}")
        pushes.append(f"push {url} {image.sha256} {image.tag}")
    lines = [f"PORT={int(port)}", SCRIPT]
    for lane in range(LANES):
        lines += ["(", "set -e", *(pushes[lane::LANES] or ["true"]), ") &", f"lane{lane}=$!"]
    lines += [f'wait "$lane{lane}"' for lane in range(LANES)]
    yield StringCommand("\n".join(lines))
