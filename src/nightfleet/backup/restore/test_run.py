"""What is looked at before a restore that was killed goes on."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nightfleet.backup.bag import read_info
from nightfleet.backup.restore import run
from nightfleet.backup.restore.attempt import Journal, find
from nightfleet.backup.restore.plan import Look, Step, plan
from nightfleet.backup.test_bag import INFO
from nightfleet.errors import Exit, NightfleetError
from nightfleet.home import home
from nightfleet.ledger import Ledger
from nightfleet.site import Site, load_site

BAG = read_info(INFO)
NOW = datetime(2026, 11, 28, 1, tzinfo=UTC)
WORD = "20261128T010000Z"


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Site:
    """A site of three control planes, and a backup that opens."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(run, "open_bag", lambda _folder: BAG)
    monkeypatch.setattr(run, "of_cluster", lambda *_args: b"")
    keys = SimpleNamespace(read=lambda _p: "", read_keys=lambda *_a: {}, check_snapshot=lambda *_a: None)
    monkeypatch.setattr(run, "keys", keys)
    return load_site(home() / "tests" / "lab" / "site_ha" / "site.yaml")


def prepared(
    monkeypatch: pytest.MonkeyPatch, site: Site, tmp_path: Path, looks: list[Look], why: str = ""
) -> run.Prepared:
    """Prepare a restore with what the machines say."""
    monkeypatch.setattr(run, "looks", lambda _shell: looks)
    shell: Any = SimpleNamespace(site=site)
    return run.prepare(shell, str(tmp_path), tmp_path / "key", why)


def test_a_killed_restore_does_not_go_on_over_a_cluster_that_was_brought_back(
    monkeypatch: pytest.MonkeyPatch, site: Site, tmp_path: Path
) -> None:
    dead = [Look(node.name, ca=BAG.cluster_ca, keys=True, manifests=True) for node in site.fleet[:3]]
    first = plan(site, BAG, dead)
    journal = Journal(Ledger.of(site.site), find((), first, dead, NOW))
    journal.begin_whole(first)
    for look in dead:
        journal.end(Step.STOP, look.name)
    assert prepared(monkeypatch, site, tmp_path, dead).attempt.word == WORD

    back = [replace(look, data=True, runs=True, revision=900) for look in dead]
    with pytest.raises(NightfleetError, match="alive and healthy") as error:
        prepared(monkeypatch, site, tmp_path, back)
    assert error.value.exit_code is Exit.REFUSED
    forced = prepared(monkeypatch, site, tmp_path, back, "somebody deleted a namespace").attempt
    assert not forced.resumed and not forced.done

    ours = [replace(look, restored=WORD) for look in back]
    for step in (Step.KEEP, Step.DATA, Step.ETCD, Step.QUORUM, Step.API):
        for look in dead:
            journal.end(step, look.name)
    assert prepared(monkeypatch, site, tmp_path, ours).attempt.resumed
