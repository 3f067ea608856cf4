"""Which restore goes on, and which begins anew."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nightfleet.backup.bag import read_info
from nightfleet.backup.restore.attempt import WHOLE, Attempt, Journal, find
from nightfleet.backup.restore.plan import Look, Plan, Step
from nightfleet.backup.test_bag import INFO
from nightfleet.ledger import Event, Ledger

NOW = datetime(2026, 11, 28, 1, tzinfo=UTC)
LATER = datetime(2026, 11, 29, tzinfo=UTC)
WORD, NEW = "20261128T010000Z", "20261129T000000Z"
BAG = read_info(INFO)
NODES = ("c1", "c2")
PLAN = Plan(BAG, NODES, False, "c1=https://10.0.0.11:2380,c2=https://10.0.0.12:2380", ("c3",))
STOPPED = tuple(Look(name, data=True) for name in NODES)


def begun(path: Path, plan: Plan = PLAN) -> Ledger:
    """Return the ledger of a restore that was killed after its first step on one node."""
    ledger = Ledger(path / "ledger.jsonl")
    journal = Journal(ledger, find((), plan, STOPPED, NOW))
    journal.begin_whole(plan)
    journal.begin(Step.STOP, "c1")
    journal.end(Step.STOP, "c1")
    journal.begin(Step.STOP, "c2")
    return ledger


def goes_on(path: Path, steps: Collection[Step], first: Look, second: Look = STOPPED[1]) -> bool:
    """Tell whether a restore that had done steps on c1 goes on with what the machines say now."""
    ledger = begun(path)
    journal = Journal(ledger, again(ledger))
    for step in steps:
        journal.end(step, "c1")
    return again(ledger, (first, second)).word == WORD


def again(ledger: Ledger, looks: Sequence[Look] = STOPPED, plan: Plan = PLAN) -> Attempt:
    return find(ledger.entries(), plan, looks, LATER)


def test_a_first_attempt_has_nothing_behind_it() -> None:
    attempt = find((), PLAN, STOPPED, NOW)
    assert (attempt.run, attempt.word) == (f"restore {BAG.name} {WORD}", WORD)
    assert not attempt.resumed and not attempt.done


def test_one_that_was_killed_goes_on_under_its_name(tmp_path: Path) -> None:
    attempt = again(begun(tmp_path))
    assert attempt.resumed
    assert attempt.word == WORD
    journal = Journal(Ledger(tmp_path / "ledger.jsonl"), attempt)
    assert not journal.needs(Step.STOP, "c1")
    assert journal.needs(Step.STOP, "c2")


def test_a_step_that_failed_is_done_again(tmp_path: Path) -> None:
    ledger = begun(tmp_path)
    ledger.append(again(ledger).run, Step.STOP, Event.FAILED, "c2")
    assert (Step.STOP, "c2") not in again(ledger).done


def test_after_its_end_the_same_backup_is_restored_anew(tmp_path: Path) -> None:
    ledger = begun(tmp_path)
    Journal(ledger, again(ledger)).end(WHOLE)
    assert not again(ledger).resumed
    assert again(ledger).word == NEW


def test_another_backup_does_not_go_on_with_it(tmp_path: Path) -> None:
    ledger = begun(tmp_path)
    plan = replace(PLAN, bag=replace(BAG, name="20261127T002900Z-lab-c1"))
    other = again(ledger, plan=plan)
    assert not other.resumed
    Journal(ledger, other).begin_whole(plan)
    # and once another was begun, the first one's steps say nothing about what is on the disks
    assert not again(ledger).resumed


def test_with_other_members_it_begins_anew_because_they_would_be_another_etcd(tmp_path: Path) -> None:
    ledger = begun(tmp_path)
    fewer = replace(PLAN, nodes=("c1",), initial_cluster="c1=https://10.0.0.11:2380")
    moved = replace(PLAN, initial_cluster=PLAN.initial_cluster.replace("10.0.0.12", "10.0.0.13"))
    for other in (fewer, moved):
        assert again(ledger, plan=other).word == NEW
    assert again(ledger).word == WORD


def test_one_that_was_begun_before_members_were_written_down_begins_anew(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.append(f"restore {BAG.name} {WORD}", WHOLE, Event.BEGUN)
    assert again(ledger).word == NEW


def test_a_new_machine_that_looks_like_a_member_half_way_is_still_a_new_machine(tmp_path: Path) -> None:
    anew = replace(PLAN, rebuild=True)
    ledger = begun(tmp_path, anew)
    assert again(ledger, plan=PLAN).rebuild
    assert again(ledger, plan=anew).resumed
    # the other way round its keys are gone since, and what is missing are steps that were never planned
    members = begun(tmp_path / "members")
    assert not again(members, plan=anew).resumed


RUNS = Look("c1", data=True, runs=True, revision=900)
OURS = replace(RUNS, restored=WORD)


@pytest.mark.parametrize(
    ("done", "now", "resumed"),
    [
        ((), STOPPED[0], True),
        ((), RUNS, False),  # it was stopped, and somebody has brought it back
        ((Step.KEEP,), Look("c1"), True),
        ((Step.KEEP,), STOPPED[0], False),  # the old data is back
        ((Step.KEEP,), replace(STOPPED[0], restored=WORD), True),  # killed before its end was written
        ((Step.KEEP, Step.DATA), replace(STOPPED[0], restored=WORD), True),
        ((Step.KEEP, Step.DATA), Look("c1"), False),  # lost once more
        ((Step.KEEP, Step.DATA), replace(STOPPED[0], restored="another"), False),
        ((Step.KEEP, Step.DATA, Step.ETCD, Step.QUORUM, Step.API), OURS, True),
        ((Step.KEEP, Step.DATA, Step.ETCD, Step.QUORUM, Step.API), RUNS, False),
    ],
)
def test_it_goes_on_only_while_machines_are_as_its_steps_left_them(
    tmp_path: Path, done: tuple[Step, ...], now: Look, resumed: bool
) -> None:
    assert goes_on(tmp_path, done, now) is resumed


def test_a_node_where_nothing_was_done_may_be_as_it_likes(tmp_path: Path) -> None:
    assert goes_on(tmp_path, (), STOPPED[0], replace(RUNS, name="c2"))
