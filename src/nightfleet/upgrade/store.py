"""Where upgrades leave their reports: report.json and .html in <state>/<site>/upgrades/<UTC time>/."""

from datetime import UTC, datetime
from pathlib import Path

from nightfleet.converge.store import write_at_once
from nightfleet.home import state_dir
from nightfleet.upgrade.html import render_html
from nightfleet.upgrade.report import UpgradeReport


def folder_of(site: str, started: datetime) -> Path:
    """Make the folder of a run."""
    folder = state_dir(site) / "upgrades" / started.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def keep(report: UpgradeReport, folder: Path) -> None:
    """Write the report as it stands; a run that is killed leaves the last one."""
    write_at_once(folder / "report.json", report.model_dump_json(indent=1) + "\n")
    write_at_once(folder / "report.html", render_html(report))
