"""Claims about `nightfleet cloud backup`, on a shelf that is a list."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nightfleet.cli import cloud_backup, cloud_schedule
from nightfleet.cli.main import app
from nightfleet.cloud.copies import Copy, Volume
from nightfleet.cloud.copying import one_copier
from nightfleet.errors import Exit, NightfleetError
from nightfleet.ledger import Event, Ledger

TIMER = "nightfleet-copies-small.timer"
SITE = """\
site: small
cloud: {directory: terraform, backups: {uses: [storage], keep: 1}}
classes:
  box: {kind: vm}
connection: {user: debian, key: key}
network: {pods: 10.1.0.0/16, services: 10.2.0.0/16, cni: routed}
"""


def node(name: str, number: int) -> dict[str, object]:
    disks = {"storage": {"id": f"v-{name}", "size": 10}}
    return {"role": "control_plane", "class": "box", "address": f"192.168.9.{number}", "volumes": disks}


NODES = {name: node(name, number) for number, name in enumerate(("os-s1", "os-s2", "os-s3"), 11)}
HANDOVER = {"schema": 1, "name": "small", "network": "192.168.9.0/24", "nodes": NODES}


class Shelf:
    """Copies in memory; volumes in `broken` cannot be copied."""

    def __init__(self) -> None:
        self.copies: list[Copy] = []
        self.broken: set[str] = set()

    def all(self) -> tuple[Copy, ...]:
        return tuple(self.copies)

    def make(self, volume: Volume) -> Copy:
        if volume.key in self.broken:
            raise NightfleetError("copy: no space left (HTTP 413)", "block storage", "ask for more")
        copy = Copy(
            f"c{len(self.copies)}", volume.key, datetime.now(UTC), "available", volume.id, volume.size
        )
        self.copies.append(copy)
        return copy

    def drop(self, copy: Copy) -> None:
        self.copies.remove(copy)

    def restore(self, copy: Copy, volume_type: str | None = None) -> str:
        return f"{copy.id}-{volume_type}"


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shelf:
    there = Shelf()
    monkeypatch.setattr(cloud_backup, "shelf_of", lambda _model: there)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return there


@pytest.fixture
def site(tmp_path: Path) -> str:
    (tmp_path / "site.yaml").write_text(SITE)
    (tmp_path / "outputs.json").write_text(json.dumps({"nightfleet": {"value": HANDOVER}}))
    return str(tmp_path / "site.yaml")


def run(*words: str) -> tuple[int, str]:
    """Return the exit code and what was said."""
    ended = CliRunner().invoke(app, ["cloud", "backup", *words])
    return ended.exit_code, " ".join((ended.stdout + ended.stderr).split())


def test_one_volume_that_fails_leaves_the_others_their_copies(shelf: Shelf, site: str) -> None:
    shelf.broken = {"os-s1/storage"}
    code, said = run("run", "--site", site)
    assert code == Exit.PARTLY
    assert [copy.key for copy in shelf.copies] == ["os-s2/storage", "os-s3/storage"]
    assert "failed: os-s1/storage: block storage: copy: no space left (HTTP 413)" in said
    events = [
        (entry.event, entry.note.split(":")[0]) for entry in Ledger.of("small").entries("volume backup")
    ]
    assert (Event.FAILED, "os-s1/storage") in events


def test_a_run_of_which_nothing_came_has_failed(shelf: Shelf, site: str) -> None:
    shelf.broken = {"os-s1/storage", "os-s2/storage", "os-s3/storage"}
    assert run("run", "--site", site)[0] == Exit.FAILED


def test_what_is_beyond_those_that_are_kept_goes_although_one_failed(shelf: Shelf, site: str) -> None:
    old = [
        Copy(f"o{days}", "os-s2/storage", datetime.now(UTC) - timedelta(days=days), "available", "v-os-s2")
        for days in (2, 3)
    ]
    shelf.copies, shelf.broken = [*old], {"os-s1/storage"}
    assert run("run", "--site", site)[0] == Exit.PARTLY
    assert not set(old) & set(shelf.copies)


def test_twice_does_nothing(shelf: Shelf, site: str) -> None:
    assert run("run", "--site", site)[0] == Exit.DONE
    code, said = run("run", "--site", site)
    assert (code, len(shelf.copies)) == (Exit.DONE, 3)
    assert "nothing to do" in said


def test_a_timer_and_a_person_do_not_copy_at_once(shelf: Shelf, site: str) -> None:
    with one_copier("small"):
        code, said = run("run", "--site", site)
        assert code == Exit.REFUSED
        assert "this site is being backed up by process" in said
        assert run("run", "--dry-run", "--site", site)[0] == Exit.DONE
    assert not shelf.copies


def test_restore_passes_the_type_on_and_says_how_the_volume_gets_to_work(shelf: Shelf, site: str) -> None:
    run("now", "--site", site)
    assert len(shelf.copies) == 3
    code, said = run("restore", "os-s1/storage", "--volume-type", "ssd", "--site", site)
    assert code == Exit.DONE
    assert "openstack server add volume os-s1 c0-ssd" in said
    address = 'module.nodes.openstack_blockstorage_volume_v3.data["os-s1/storage"]'
    assert f'import {{ to = {address} id = "c0-ssd" }}' in said


def test_restore_can_be_looked_at_first(shelf: Shelf, site: str) -> None:
    run("now", "--site", site)
    shelf.restore = lambda *_how: pytest.fail("it restored")  # type: ignore[method-assign]
    code, said = run("restore", "os-s1/storage", "--dry-run", "--site", site)
    assert code == Exit.DONE
    assert "would become a new volume of 10 GiB, os-s1-storage-restored-" in said


@pytest.fixture
def timed(site: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A site with an entry of clouds.yaml, on a machine without systemd, for somebody who is not root."""
    path = Path(site)
    path.write_text(SITE.replace("{directory: terraform,", "{directory: terraform, name: mycloud,"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(cloud_schedule, "is_root", lambda: False)
    monkeypatch.setenv("PATH", "")
    return site


def test_a_schedule_can_be_looked_at_made_and_taken_away(timed: str, tmp_path: Path) -> None:
    units = tmp_path / "config" / "systemd" / "user"
    code, said = run("schedule", "--dry-run", "--site", timed)
    assert code == Exit.DONE
    assert f"# {units}/nightfleet-copies-small.timer" in said
    assert not units.exists()
    code, said = run("schedule", "--site", timed)
    assert code == Exit.PARTLY
    assert "systemctl --user enable --now nightfleet-copies-small.timer" in said
    assert len(list(units.iterdir())) == 2
    assert "deleted: " in run("schedule", "--remove", "--site", timed)[1]
    assert not list(units.iterdir())
    assert "nothing to do" in run("schedule", "--remove", "--site", timed)[1]


def test_a_schedule_that_runs_already_is_left_alone(timed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []

    def told(*commands: tuple[str, ...]) -> bool:
        asked.extend(commands)
        return True

    monkeypatch.setattr(cloud_schedule, "told", told)
    assert "written: " in run("schedule", "--site", timed)[1]
    asked.clear()
    code, said = run("schedule", "--site", timed)
    assert (code, asked) == (Exit.DONE, [("systemctl", "--user", "enable", "--now", TIMER)])
    assert f"nothing to do: {TIMER} runs" in said
