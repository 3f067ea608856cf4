"""Where runs leave their traces: ~/.local/state/nightfleet/<site>/runs/<UTC time>/.

    wave-N.log      what pyinfra said          (secrets hidden)
    wave-N.jsonl    the events, as they came   (secrets hidden)
    report.json     the report, written last and at once: a run without one was killed
    ../latest       link to the newest run that has a report and was no dry run

A controller may be killed at any point: the next run starts a new folder and moves `latest` when it is done.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from nightfleet.converge.report import SCHEMA, ConvergeReport
from nightfleet.errors import Exit, NightfleetError
from nightfleet.home import state_dir

LATEST = "latest"
REPORT = "report.json"


def runs_dir(site: str) -> Path:
    """Return the folder of a site's runs."""
    return state_dir(site) / "runs"


def new_run(site: str, started: datetime) -> Path:
    """Make the folder of a run; two in one second get different ones."""
    stamp = started.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    runs_dir(site).mkdir(mode=0o700, parents=True, exist_ok=True)
    for number in range(1, 1000):
        folder = runs_dir(site) / (stamp if number == 1 else f"{stamp}-{number}")
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            continue
        return folder
    raise NightfleetError(f"no free name for a run at {stamp}", str(runs_dir(site)), "remove old runs")


def keep(report: ConvergeReport, run: Path) -> None:
    """Write the report into the run's folder, and point `latest` at it unless it was a dry run."""
    write_at_once(run / REPORT, report.model_dump_json(indent=1) + "\n")
    if not report.dry:
        link = run.parent / f".{LATEST}-{os.getpid()}"
        link.unlink(missing_ok=True)
        link.symlink_to(run.name)
        link.replace(run.parent / LATEST)


def write_at_once(path: Path, text: str) -> None:
    """Write a file so that readers see all of it or none."""
    draft = path.with_name(f".{path.name}-{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def last_run(site: str) -> Path | None:
    """Return the folder of the newest run that was no dry run, or None when nothing has run yet."""
    folder = runs_dir(site) / LATEST
    return folder.resolve() if (folder / REPORT).exists() else None


def last_report(site: str) -> ConvergeReport | None:
    """Return the report of the last run, or None."""
    folder = last_run(site)
    return read_report(folder) if folder else None


def find_run(site: str, run: str) -> Path:
    """Return the folder of the run called `run`, as `run_names` lists them."""
    known = run_names(site)
    if run in known:
        return runs_dir(site) / run
    raise NightfleetError(
        f"there is no report of a run {run!r}",
        str(runs_dir(site)),
        f"runs: {', '.join(known[-5:])}" if known else "nothing has run yet: nightfleet converge",
        Exit.USAGE,
    )


def run_names(site: str) -> list[str]:
    """Return the runs that left a report, oldest first."""
    return sorted(path.parent.name for path in runs_dir(site).glob(f"[0-9]*/{REPORT}"))


def read_report(run: Path) -> ConvergeReport:
    """Read the report in a run's folder."""
    path = run / REPORT
    try:
        return ConvergeReport.model_validate_json(path.read_bytes())
    except (ValidationError, OSError) as error:
        raise NightfleetError(
            f"this report cannot be read (this nightfleet reads schema {SCHEMA})",
            str(path),
            "it was written by another version: run `nightfleet converge` for a new one",
        ) from error
