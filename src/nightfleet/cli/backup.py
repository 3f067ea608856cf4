"""`nightfleet backup`: make, list, check and fetch backups."""

import shlex
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nightfleet.backup import key as keys
from nightfleet.backup import shelves
from nightfleet.backup.bag import KEYS, SNAPSHOT, Bag
from nightfleet.backup.now import SCRIPT, backup_now
from nightfleet.cli.options import Json, SiteName, age, print_json, say, where
from nightfleet.cluster.ssh import Shell
from nightfleet.errors import Exit
from nightfleet.home import DEFAULT_SITE, site_path, state_dir
from nightfleet.site import load_site

app = typer.Typer(no_args_is_help=True, help="Backups of etcd and the cluster's keys.")

KeyFile = Annotated[Path | None, typer.Option("--key", metavar="FILE", help="The operator's private key.")]


@app.command(epilog="Example: nightfleet backup key --site campus")
def key(site: SiteName = DEFAULT_SITE, key: KeyFile = None, json: Json = False) -> None:
    """Make the operator's key pair, and print the lines for the site file. A key is never replaced."""
    path = key or keys.default_path(load_site(site_path(site)).site)
    public = keys.make(path)
    if json:
        print_json({"key": str(path), "public": public})
        return
    typer.echo(f"backup:\n  recipients: [{public}]")
    say(f"the private half is {path}: keep a copy off this machine, nothing can be restored without it")
    say(f"next: put the lines above into the site file, then nightfleet converge{where(site)} --only backup")


@app.command(epilog="Example: nightfleet backup now")
def now(
    site: SiteName = DEFAULT_SITE,
    node: Annotated[
        list[str] | None, typer.Option("--node", help="On this control plane; by default the first that can.")
    ] = None,
    json: Json = False,
) -> None:
    """Make a backup at once, with this operator's ledger in it."""
    model = load_site(site_path(site))
    began = datetime.now(UTC)
    with Console(stderr=True).status("asking etcd for a snapshot"):
        bag = backup_now(model, node or (), lambda name, what: say(f"{name}: {what}"))
    seconds = (datetime.now(UTC) - began).total_seconds()
    if json:
        print_json({**as_json(bag), "seconds": round(seconds, 1)})
        return
    typer.echo(f"{bag.name}  revision {bag.revision}, {bag.keys} keys, {size(bag.size)}, {seconds:.1f} s")
    say(f"by hand, on {bag.node}: {SCRIPT}")
    say(f"next: nightfleet backup verify {bag.name}{where(site)}")


@app.command("list", epilog="Example: nightfleet backup list --json")
def list_backups(site: SiteName = DEFAULT_SITE, json: Json = False) -> None:
    """What is there, newest first. Sizes are compared here; `verify` compares every byte."""
    with Shell(load_site(site_path(site))) as shell:
        show(shelves.look(shell), site, json, "whole")


@app.command(epilog="Example: nightfleet backup verify --key ~/.local/state/nightfleet/lab/backup.key")
def verify(
    name: Annotated[str | None, typer.Argument(help="A backup, or `newest`; all by default.")] = None,
    site: SiteName = DEFAULT_SITE,
    key: KeyFile = None,
    json: Json = False,
) -> None:
    """Compare every byte with its sum where it lies; with --key also fetch, open and check the snapshot.

    Ends with 1 when something is damaged.
    """
    model = load_site(site_path(site))
    with Shell(model) as shell, Console(stderr=True).status("reading every byte"):
        found = shelves.look(shell, thorough=True)
        if name:
            chosen = shelves.choose(found, name).name if name == "newest" else name
            found = replace(found, copies=found.places(chosen))
            shelves.choose(found, chosen)
        if key:
            secret = keys.read(key)
            for one in list(found.bags):
                folder = shelves.fetch(shell, found.places(one)[0], state_dir(model.site) / "backups")
                keys.check_snapshot(folder / SNAPSHOT, secret)
                say(f"{one}: opened; {len(keys.read_keys(folder / KEYS, secret))} files of keys")
    show(found, site, json, "verified")
    if any(not copy.good for copy in found.copies) or found.silent:
        raise typer.Exit(Exit.FAILED)


@app.command(epilog="Example: nightfleet backup fetch newest --to /media/safe")
def fetch(
    name: Annotated[str, typer.Argument(help="A backup, or `newest`.")],
    site: SiteName = DEFAULT_SITE,
    to: Annotated[Path | None, typer.Option("--to", metavar="DIR", help="Where to put it.")] = None,
    json: Json = False,
) -> None:
    """Copy a backup to this machine and check it here. It stays encrypted."""
    model = load_site(site_path(site))
    with Shell(model) as shell, Console(stderr=True).status("fetching"):
        copy = shelves.choose(shelves.look(shell), name)
        folder = shelves.fetch(shell, copy, to or state_dir(model.site) / "backups")
    if json:
        print_json({"name": copy.name, "folder": str(folder)})
        return
    typer.echo(folder)
    say(f"next: nightfleet restore {shlex.quote(str(folder))}{where(site)} --dry-run")


def show(found: shelves.Shelves, site: str, json: bool, word: str) -> None:
    """Print one row per backup: where it is good, and where it is not."""
    if json:
        print_json(listing(found))
        return
    table = Table(box=None, header_style="bold")
    for title in ("name", "age", "revision", "keys", "size", word, "damaged"):
        table.add_column(title, no_wrap=title == "name", overflow="fold")
    moment = datetime.now(UTC)
    for name in dict.fromkeys(copy.name for copy in found.copies):
        places = found.places(name)
        bag = next((copy.bag for copy in places if copy.bag), None)
        good, bad = ([copy.at for copy in places if copy.good is wanted] for wanted in (True, False))
        facts = (
            (age(bag.age(moment)), str(bag.revision), str(bag.keys), size(bag.size)) if bag else ("?",) * 4
        )
        table.add_row(name, *facts, ", ".join(good), Text(", ".join(bad), style="bold red"))
    Console(highlight=False).print(table)
    for node, why in found.silent.items():
        say(f"{node}: unknown, it does not answer: {why}")
    newest = next(iter(found.bags), None)
    say(f"next: nightfleet backup {f'verify {newest}' if newest else 'now'}{where(site)}")


def listing(found: shelves.Shelves) -> dict[str, Any]:
    """Return what a machine may read."""
    backups = [
        {
            **(as_json(found.bags[name]) if name in found.bags else {"name": name}),
            "copies": [{"at": copy.at, "path": copy.path, "good": copy.good} for copy in found.places(name)],
        }
        for name in dict.fromkeys(copy.name for copy in found.copies)
    ]
    return {"backups": backups, "silent": found.silent}


def as_json(bag: Bag) -> dict[str, Any]:
    """Return a bag's fields."""
    return {**asdict(bag), "made_at": bag.made_at.isoformat()}


def size(number: int) -> str:
    """`1.2 MiB`."""
    return f"{number / 2**20:.1f} MiB"
