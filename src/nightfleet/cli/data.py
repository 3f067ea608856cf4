"""`nightfleet data`: bags of volumes' contents, their copies in a bucket, and who uses how much."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from nightfleet.cli.options import Json, SiteName, print_json, say, where
from nightfleet.cluster.ssh import Shell
from nightfleet.data import bagging
from nightfleet.data.bucket import Bags, Read
from nightfleet.data.manifest import files_of
from nightfleet.data.place import Place, places_of
from nightfleet.data.usage import Usage, measure
from nightfleet.data.volume import located
from nightfleet.disks.words import size
from nightfleet.errors import Exit, NightfleetError
from nightfleet.home import DEFAULT_SITE, site_path, state_dir
from nightfleet.site import Site, load_site

app = typer.Typer(no_args_is_help=True, help="What lies in volumes: bags of it, copies in a bucket, usage.")

To = Annotated[
    Path | None, typer.Option("--to", metavar="DIR", help="Where bags lie; by default the site's state.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]


@app.command(epilog="Example: nightfleet data bag gpu-1:/srv/cephfs/team --to /media/archive")
def bag(
    place: Annotated[
        str,
        typer.Argument(
            metavar="NODE:PATH", help="A folder on a node, or a volume: pv:NAME, pvc:NAMESPACE/NAME."
        ),
    ],
    site: SiteName = DEFAULT_SITE,
    to: To = None,
    name: Annotated[str | None, typer.Option("--name", help="Name of the bag; by default NODE-PATH.")] = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Make a BagIt bag (RFC 8493) of a folder: every file, its sum, and what was there beside files.

    Streams over ssh, file by file. A run that was ended goes on when it is run again. A folder that changes
    meanwhile becomes no bag.
    """
    model = load_site(site_path(site))
    source = located(place, model)
    folder = shelf(model, to) / checked(name or source.name)
    with Shell(model) as shell:
        with Console(stderr=True).status(f"looking at {source}"):
            planned = bagging.plan(shell, source, folder)
        found = {
            "place": str(source),
            "bag": str(folder),
            "files": len(planned.tree.files),
            "bytes": planned.tree.size,
            "to_fetch": planned.to_fetch,
            "not_in_a_bag": [entry.path for entry in planned.tree.others],
        }
        if not dry_run:
            with counting(planned.to_fetch, json) as count:
                found["info"] = bagging.bag(shell, planned, count)
    if json:
        print_json(found)
        return
    for path in planned.tree.others:
        say(f"{path.path}: neither file, folder nor link; the bag only says that it was there")
    if dry_run:
        typer.echo(
            f"{source}: {len(planned.tree.files)} files, {size(planned.tree.size)};"
            f" {len(planned.missing)} of them, {size(planned.to_fetch)}, are to be fetched into {folder}"
        )
        return
    typer.echo(folder)
    say(f"{len(planned.tree.files)} files, {size(planned.tree.size)}; every byte compared with its sum")
    say(f"next: nightfleet data copy {shlex.quote(str(folder))}{where(site)}")


@app.command(epilog="Example: nightfleet data verify gpu-1-srv-cephfs-team --in-bucket")
def verify(
    bags: Annotated[
        list[str] | None, typer.Argument(help="Names or folders of bags; all by default.")
    ] = None,
    site: SiteName = DEFAULT_SITE,
    to: To = None,
    in_bucket: Annotated[
        bool, typer.Option("--in-bucket", help="Read them where they lie in the bucket.")
    ] = False,
    json: Json = False,
) -> None:
    """Read every byte of bags and compare it with its sum. Ends with 1 when something is damaged.

    The same by hand, in a bag's folder: sha256sum -c manifest-sha256.txt tagmanifest-sha256.txt
    """
    model = load_site(site_path(site))
    with Console(stderr=True).status("reading every byte"):
        faults = there(Bags(model), bags or []) if in_bucket else here(shelf(model, to), bags or [])
    if json:
        print_json([{"bag": name, "whole": not found, "faults": found} for name, found in faults.items()])
    else:
        for name, found in faults.items():
            typer.echo(f"{name}: {'whole' if not found else '; '.join(found)}")
        if not faults:
            say("there is no bag")
    if any(faults.values()):
        raise typer.Exit(Exit.FAILED)


@app.command(epilog="Example: nightfleet data copy gpu-1-srv-cephfs-team")
def copy(
    bag: Annotated[str, typer.Argument(help="Name or folder of a bag.")],
    site: SiteName = DEFAULT_SITE,
    to: To = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Copy a bag into the site's bucket (data.s3), and read it there.

    It is checked here first. What is in the bucket already is not sent again. Nothing is ever removed there.
    """
    model = load_site(site_path(site))
    folder, bucket = found_at(shelf(model, to), bag), Bags(model)
    files = list(files_of(folder))
    total = sum((folder / path).stat().st_size for path, _ in files)
    if dry_run:
        if json:
            print_json(
                {"bag": str(folder), "to": bucket.url(folder.name), "objects": len(files), "bytes": total}
            )
        else:
            typer.echo(
                f"{folder}: {len(files)} objects, {size(total)}, would go to {bucket.url(folder.name)}"
            )
        return
    if fault := bagging.verify([folder])[folder]:
        raise NightfleetError(fault, str(folder), "a damaged bag is copied nowhere", Exit.REFUSED)
    with counting(total, json, "sent") as count:
        sent = bucket.copy(folder, lambda _path, length: count(length))
    with counting(total, json, "read there") as count:
        read = bucket.verify(folder.name, lambda _path, length: count(length))
    if json:
        print_json(
            {"bag": folder.name, "to": bucket.url(folder.name), **asdict(sent), "verified": asdict(read)}
        )
    else:
        typer.echo(
            f"{bucket.url(folder.name)}: {sent.objects} objects sent, {sent.kept} were there; {words(read)}"
        )
    if read.faults:
        raise typer.Exit(Exit.FAILED)


@app.command(epilog="Example: nightfleet data usage gpu-1:/srv/cephfs/team gpu-2:/scratch --json")
def usage(
    places: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NODE:PATH]...", help="Folders on nodes; by default every share of the site."
        ),
    ] = None,
    site: SiteName = DEFAULT_SITE,
    json: Json = False,
) -> None:
    """Files and bytes of every folder below a place: who uses how much, and what is left.

    Ends with 1 when a node could not be asked.
    """
    model = load_site(site_path(site))
    wanted = [Place.parse(word, model) for word in places or ()] or places_of(model)
    if not wanted:
        raise NightfleetError("the site has no share", str(model.path), "name places: NODE:PATH", Exit.USAGE)
    with Shell(model) as shell, Console(stderr=True).status("counting files"):
        found = measure(shell, wanted)
    if json:
        print_json([as_json(one) for one in found])
    else:
        Console(highlight=False).print(table(found))
    for one in found:
        if one.silent:
            say(f"{one.place}: unknown: {one.silent}")
    if any(one.silent for one in found):
        raise typer.Exit(Exit.FAILED)


def here(shelf: Path, names: list[str]) -> dict[str, list[str]]:
    """Check bags on this machine; all of the shelf when none is named."""
    every = sorted(path.parent for path in shelf.glob("[!.]*/bagit.txt"))
    folders = [found_at(shelf, name) for name in names] or every
    return {str(path): [fault] if fault else [] for path, fault in bagging.verify(folders).items()}


def there(bucket: Bags, names: list[str]) -> dict[str, list[str]]:
    """Check bags in the bucket; all that arrived when none is named."""
    chosen = [Path(name).name for name in names] or bucket.names()
    return {bucket.url(name): list(bucket.verify(name).faults) for name in chosen}


def shelf(site: Site, to: Path | None) -> Path:
    """Return where bags lie on this machine."""
    return (to or state_dir(site.site) / "data").resolve()


def checked(name: str) -> str:
    """Return a name that is one folder. NightfleetError (exit 2) for any other."""
    if "/" in name or name.startswith(".") or not name:
        raise NightfleetError(
            f"{name!r} is no name of a bag", hint="one word without '/'", exit_code=Exit.USAGE
        )
    return name


def found_at(shelf: Path, name: str) -> Path:
    """Return the folder of a bag, by its name or path. NightfleetError (exit 2) when there is none."""
    for path in (shelf / name, Path(name)):
        if (path / "bagit.txt").is_file():
            return path.resolve()
    raise NightfleetError(
        f"there is no bag {name!r}", str(shelf), "nightfleet data bag makes one", Exit.USAGE
    )


@contextmanager
def counting(total: int, quiet: bool, verb: str = "fetched") -> Iterator[bagging.OnBytes]:
    """Show a bar of bytes on stderr for as long as the block runs."""
    columns = (TextColumn(verb), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=quiet) as progress:
        task = progress.add_task(verb, total=total)
        yield lambda count: progress.advance(task, count)


def words(read: Read) -> str:
    """Say what a check found."""
    return f"{read.files} files read there, {'; '.join(read.faults) or 'all as their sums say'}"


def table(found: list[Usage]) -> Table:
    """Return one row per folder, and one for what is left."""
    rows = Table(box=None, header_style="bold")
    numbers = ("files", "on disk", "limit", "size")
    for title in ("place", "folder", *numbers, "last written"):
        rows.add_column(title, justify="right" if title in numbers else "left", overflow="fold")
    for one in found:
        for used in one.folders:
            day = f"{used.newest:%Y-%m-%d}" if used.newest else ""
            limit = size(used.limit) if used.limit else ""
            figures = (str(used.inodes), size(used.allocated), limit, size(used.size))
            rows.add_row(str(one.place), used.name, *figures, day)
        if not one.silent:
            left = f"of {size(one.total)} {size(one.free)} are free"
            inodes = f", {one.inodes_free} of {one.inodes_total} inodes" if one.inodes_free else ""
            rows.add_row(str(one.place), f"{left}{inodes}", style="dim")
    return rows


def as_json(one: Usage) -> dict[str, Any]:
    """Return what a machine may read."""
    folders = [
        {**asdict(used), "newest": used.newest.isoformat() if used.newest else None} for used in one.folders
    ]
    return {**asdict(one), "place": str(one.place), "folders": folders}
