"""What doctor says of backups, from what control planes said."""

from datetime import UTC, datetime
from pathlib import Path

from nightfleet.doctor.backup import judge
from nightfleet.finding import Status
from nightfleet.home import home
from nightfleet.site import Site, load_site

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
TODAY, LAST_WEEK, LAST_MONTH = "20261128T030000Z-c1", "20261122T030000Z-c1", "20261028T030000Z-c1"


def site(tmp_path: Path) -> Site:
    """Return the lab with a recipient."""
    text = (home() / "inventory" / "lab" / "site.yaml").read_text(encoding="utf-8")
    key = "age17zlgw8yv8nanrzs5qlm3yfd376hv95atvrh96qcfvjeelkqs5y3s3ynsmp"
    (tmp_path / "site.yaml").write_text(text.replace("lab:   ", f"backup: {{recipients: [{key}]}}\nlab:   "))
    return load_site(tmp_path / "site.yaml")


def statuses(tmp_path: Path, **answers: list[str] | None) -> list[Status]:
    """Return how the answers are judged."""
    return [finding.status for finding in judge(site(tmp_path), answers, NOW)]


def test_a_site_without_a_recipient_has_no_backups_and_is_told() -> None:
    plain = load_site(home() / "inventory" / "lab" / "site.yaml")
    (finding,) = judge(plain, {}, NOW)
    assert (finding.status, finding.what) == (Status.WARN, "off: backup.recipients is empty")


def test_one_recent_backup_is_enough(tmp_path: Path) -> None:
    assert statuses(tmp_path, c1=[TODAY, LAST_WEEK], c2=[], c3=None) == [Status.OK]


def test_old_backups_are_worth_a_word_and_very_old_ones_are_none(tmp_path: Path) -> None:
    assert statuses(tmp_path, c1=[LAST_WEEK]) == [Status.WARN]
    assert statuses(tmp_path, c1=[LAST_MONTH]) == [Status.FAIL]


def test_a_failed_run_is_told_though_there_is_a_recent_backup(tmp_path: Path) -> None:
    assert statuses(tmp_path, c1=["failed", TODAY]) == [Status.FAIL, Status.OK]


def test_nobody_asked_is_unknown_and_nothing_there_is_a_warning(tmp_path: Path) -> None:
    assert statuses(tmp_path, c1=None) == [Status.UNKNOWN]
    assert statuses(tmp_path, c1=["README"]) == [Status.WARN]
