"""`nightfleet depot`: fetch, list, verify and serve the locked artifacts."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from nightfleet import depot
from nightfleet.cli.depot_progress import progress
from nightfleet.cli.options import Json
from nightfleet.depot.debian import install_packages
from nightfleet.depot.gobuild import host_arch
from nightfleet.depot.model import IMAGES, Arch, Kind, Stored, Wanted
from nightfleet.errors import Exit

app = typer.Typer(
    name="depot",
    help="Fetch, list, verify and serve the locked artifacts.",
    no_args_is_help=True,
    add_completion=False,
    epilog="Example: nightfleet depot fetch && nightfleet depot list",
)


@app.command(
    epilog="Example: nightfleet depot fetch --kubernetes 1.35.4, or: nightfleet depot fetch helm etcd@3.6.8"
)
def fetch(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME[@VERSION]]...", help="Artifacts, or `images`; by default the default set."
        ),
    ] = None,
    kubernetes: Annotated[
        list[str] | None, typer.Option(help="Version whose set is fetched; may be given again.")
    ] = None,
    arch: Annotated[Arch | None, typer.Option(help="Architecture; by default this machine's.")] = None,
    url: Annotated[str | None, typer.Option("--depot", help="URL of another depot to ask first.")] = None,
    source: Annotated[depot.Origin | None, typer.Option(help="Take it from there and nowhere else.")] = None,
    jobs: Annotated[int, typer.Option(min=1, max=32, help="Downloads at once.")] = 4,
    packages: Annotated[
        bool, typer.Option("--install-packages", help="Install the Debian packages that builds need (root).")
    ] = False,
    as_json: Json = False,
) -> None:
    """Bring artifacts into the local depot: from another depot, upstream, or built from Go modules."""
    wanted = chosen(names or [], kubernetes or [])
    if packages and (missing := depot.packages_to_install(wanted)):
        typer.echo(f"installing {' '.join(missing)}", err=True)
        install_packages(missing)
    with progress() as on_event:
        index = depot.fetch(wanted, arch=arch, depot=url, source=source, jobs=jobs, on_event=on_event)
    arch = arch or host_arch()
    files = [one for one in index.files if one.arch is arch]
    if as_json:
        typer.echo(json.dumps([one.model_dump(mode="json") for one in files], indent=2))
    else:
        typer.echo(f"the depot holds {len(files)} files for {arch}, {size(sum(one.size for one in files))}")


@app.command("list", epilog="Example: nightfleet depot list --json")
def list_command(as_json: Json = False) -> None:
    """Show what the depot holds, and what of the lock it lacks."""
    cache = depot.Cache()
    index = cache.index()
    if as_json:
        rows = [one.model_dump(mode="json") | {"present": cache.holds(one)} for one in index.files]
        typer.echo(json.dumps(rows, indent=2))
        return
    table = Table("artifact", "version", "arch", "source", "size", "sha256", "present", box=None)
    for one in index.files:
        present = "yes" if cache.holds(one) else "[red]no[/red]"
        table.add_row(title(one), one.version, one.arch, one.origin, size(one.size), one.sha256[:12], present)
    for name, version in absent(index):
        table.add_row(name, version, "", "", "", "", "no", style="dim")
    Console().print(table)


@app.command(epilog="Example: nightfleet depot verify --repair && nightfleet depot fetch")
def verify(
    repair: Annotated[
        bool, typer.Option("--repair", help="Remove bad files, so that fetch gets them.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Read every file again and compare its sha256 with the index."""
    cache = depot.Cache()
    count = len(cache.index().files)
    bad = depot.verify(cache, repair=repair)
    if as_json:
        rows = [{"file": str(cache.path(one.stored)), "why": one.why} for one in bad]
        typer.echo(json.dumps({"files": count, "bad": rows, "removed": repair}, indent=2))
    else:
        for one in bad:
            typer.echo(f"{one.stored.name} {one.stored.version}: {one.why} ({cache.path(one.stored)})")
        typer.echo(f"{count - len(bad)} of {count} files are what the index says")
        if bad:
            again = "nightfleet depot fetch" if repair else "nightfleet depot verify --repair"
            typer.echo(f"next: {again}", err=True)
    if bad:
        raise typer.Exit(Exit.FAILED)


@app.command(epilog="Example: nightfleet depot serve --bind 10.77.0.1:8477")
def serve(
    bind: Annotated[str, typer.Option(metavar="HOST:PORT", help="Address that nodes reach.")],
    pid_file: Annotated[
        Path | None, typer.Option(help="Written when the address answers, removed at the end.")
    ] = None,
) -> None:
    """Serve the depot to nodes and other depots by HTTP until it is told to end."""
    cache = depot.Cache()
    with depot.serving(bind, cache, pid_file) as server:
        typer.echo(f"serving {cache.root} at http://{bind}/index.json", err=True)
        server.run()


@app.command(epilog="Example: nightfleet depot pin kubernetes 1.36.4")
def pin(
    build: Annotated[str, typer.Argument(help="A build of versions.yaml.")],
    version: Annotated[str, typer.Argument(help="A version of it.")],
) -> None:
    """Write go.mod and go.sum of a build (for developers: when a version enters the lock)."""
    typer.echo(str(depot.pin(depot.load_lock(), build, version)))


def chosen(names: list[str], kubernetes: list[str]) -> tuple[Wanted, ...]:
    """Turn words of the command line into what is wanted; a name alone means its default or only version."""
    lock = depot.load_lock()
    if not names:
        versions = kubernetes or [lock.defaults["kubernetes"]]
        return tuple(
            dict.fromkeys(one for version in versions for one in lock.default_set(kubernetes=version))
        )
    wanted, release = [], (kubernetes or [lock.defaults["kubernetes"]])[0]
    for word in names:
        name, _, version = word.partition("@")
        if not version and name == IMAGES:
            version = release
        wanted.append(Wanted(name, version or lock.default_version(name, release)))
    return tuple(wanted)


def absent(index: depot.Index) -> list[Wanted]:
    """Return the artifacts of the lock of which the depot has nothing, for any architecture."""
    held = {(one.name, one.version) for one in index.files if one.kind is not Kind.IMAGE}
    artifacts = depot.load_lock().artifacts.items()
    every = [Wanted(name, version) for name, artifact in artifacts for version in artifact.versions]
    return [one for one in every if one not in held]


def title(one: Stored) -> str:
    """Name an artifact, and say when it is an image."""
    return f"{one.name} (image)" if one.kind is Kind.IMAGE else one.name


def size(count: int) -> str:
    """Write a number of bytes for people."""
    return f"{count / 2**20:.1f} MiB" if count < 2**30 else f"{count / 2**30:.2f} GiB"


if __name__ == "__main__":
    app()
