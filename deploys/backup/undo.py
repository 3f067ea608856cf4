"""backup, taken back: the timer stops; backups and copies on this node go with it, those elsewhere stay."""

from deploys.backup.plan import ACCOUNT, COPIES, ETC, LIB, SYSTEMD, TEMPLATES
from deploys.hostops import File, site, take_back


def undo() -> None:
    """Take backups away; `nightfleet backup fetch` keeps one before."""
    directory = site().backup.directory
    script = File.from_template(
        "undo.sh", TEMPLATES / "undo.sh.j2", account=ACCOUNT, copies=COPIES, directory=directory, lib=LIB
    )
    traces = (ETC, f"{LIB}/backup", f"{LIB}/receive", f"{SYSTEMD}/nightfleet-backup.*", directory, COPIES)
    take_back(name="Take back backups", traces=traces, script=script.content)
