"""Claims about etcd: what its answers mean, and that no step loses quorum."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightfleet.quorum import Member, quorum, read_members, why_not_join, why_not_remove, why_not_stop

ANSWER = "\n".join(
    (
        json.dumps(
            {
                "members": [
                    {"ID": 10276657743932975437, "name": "c1", "clientURLs": ["https://10.0.0.1:2379"]},
                    {"ID": 255, "name": "c2", "clientURLs": ["https://10.0.0.2:2379"]},
                    {"ID": 16},
                ]
            }
        ),
        json.dumps(
            [
                {"endpoint": "https://10.0.0.1:2379", "health": True, "took": "2ms"},
                {"endpoint": "https://10.0.0.2:2379", "health": False, "error": "timeout"},
            ]
        ),
    )
)


def members(healthy: str, sick: str = "") -> list[Member]:
    return [Member(name, name, "", True) for name in healthy] + [
        Member(name, name, "", False) for name in sick
    ]


def test_members_are_read_with_their_health() -> None:
    first, second, third = read_members(ANSWER.splitlines())
    assert (first.id, first.name, first.healthy) == ("8e9e05c52164694d", "c1", True)
    assert (second.id, second.name, second.healthy) == ("ff", "c2", False)
    assert (third.name, third.healthy) == ("", False)


def test_an_etcd_that_does_not_answer_has_no_members() -> None:
    assert read_members([]) == ()
    assert read_members(["Error: context deadline exceeded"]) == ()
    assert read_members(['[{"endpoint":"https://127.0.0.1:2379","health":false}]']) == ()


def test_lines_of_etcdctls_own_log_are_passed_over() -> None:
    lines = ANSWER.splitlines()
    assert read_members(['{"level":"warn","msg":"retrying"}', *lines]) == read_members(lines)


@pytest.mark.parametrize(
    ("healthy", "sick", "may"),
    [("abc", "", True), ("ab", "c", False), ("abcd", "e", True), ("abc", "de", False), ("a", "", True)],
)
def test_a_member_may_stop_while_the_others_are_a_majority(healthy: str, sick: str, may: bool) -> None:
    assert (why_not_stop(members(healthy, sick), "a") == "") is may


def test_a_sick_member_may_always_be_stopped_when_the_others_are_a_majority() -> None:
    assert why_not_stop(members("ab", "c"), "c") == ""


def test_why_a_member_must_not_stop_is_told_in_numbers() -> None:
    why = why_not_stop(members("ab", "c"), "a")
    assert why == "etcd has 3 members and needs 2; without a it has 1; c is not healthy"


@pytest.mark.parametrize(
    ("healthy", "sick", "name", "may"),
    [
        ("abc", "", "a", True),
        ("ab", "c", "c", True),
        ("ab", "c", "a", False),
        ("a", "", "a", False),
        ("ab", "", "a", True),
        ("a", "bc", "b", False),
    ],
)
def test_a_member_may_be_removed_while_the_rest_is_a_majority(
    healthy: str, sick: str, name: str, may: bool
) -> None:
    assert (why_not_remove(members(healthy, sick), name) == "") is may


def test_the_last_member_holds_the_only_copy() -> None:
    assert why_not_remove(members("a"), "a") == "a holds the only copy of the cluster's data"


@given(st.integers(2, 7), st.integers(0, 7), st.integers(0, 6))
def test_no_removal_that_is_allowed_leaves_less_than_a_majority(size: int, sick: int, which: int) -> None:
    found = [Member(str(n), str(n), "", n >= sick) for n in range(size)]
    name = str(which % size)
    if why_not_remove(found, name) == "":
        rest = [member for member in found if member.name != name]
        assert sum(member.healthy for member in rest) >= quorum(len(rest))


# Joining


def member(name: str, healthy: bool = True, learner: bool = False) -> Member:
    return Member(name, name, "", healthy, learner, f"https://10.0.0.1{name[-1]}:2380")


def joining(peer: str) -> Member:
    """Return a member that was announced and has not started."""
    return Member("ff", "", "", healthy=False, learner=True, peer=peer)


def test_a_control_plane_joins_members_that_are_all_well() -> None:
    assert why_not_join("c3", "10.0.0.13", [member("c1"), member("c2")], ["c1", "c2"], []) == []


def test_nobody_joins_while_a_member_is_sick_and_it_is_named() -> None:
    (reason,) = why_not_join("c3", "10.0.0.13", [member("c1"), member("c2", healthy=False)], ["c1", "c2"], [])
    assert reason.startswith("etcd is not whole: c2 is not healthy")
    assert "then converge again" in reason


def test_nobody_joins_beside_a_join_that_is_not_finished() -> None:
    unfinished = joining("https://10.0.0.12:2380")
    (reason,) = why_not_join("c3", "10.0.0.13", [member("c1"), unfinished], ["c1", "c2"], [])
    assert "https://10.0.0.12:2380 is not healthy" in reason


def test_an_interrupted_join_of_its_own_goes_on() -> None:
    begun = joining("https://10.0.0.13:2380")
    assert why_not_join("c3", "10.0.0.13", [member("c1"), member("c2"), begun], ["c1", "c2"], []) == []
    promoted = member("c3", healthy=False)
    assert why_not_join("c3", "10.0.0.13", [member("c1"), member("c2"), promoted], ["c1", "c2"], []) == []


def test_after_a_failed_join_the_next_control_plane_waits() -> None:
    (reason,) = why_not_join("c3", "10.0.0.13", [member("c1")], ["c1", "c2"], ["c2"])
    assert reason.startswith("c2 has not joined")


def test_a_member_that_only_failed_in_this_run_holds_nobody_back() -> None:
    assert why_not_join("c3", "10.0.0.13", [member("c1"), member("c2")], ["c1", "c2"], ["c2"]) == []


def test_without_a_word_of_etcd_nobody_joins() -> None:
    (reason,) = why_not_join("c2", "10.0.0.12", [], ["c1"], [])
    assert "does not say" in reason


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=6))
def test_whoever_joins_finds_only_healthy_voters(states: list[tuple[bool, bool]]) -> None:
    found = [member(f"c{number}", *state) for number, state in enumerate(states)]
    if not why_not_join("c9", "10.0.0.19", found, [], []):
        assert all(one.healthy and not one.learner for one in found)
