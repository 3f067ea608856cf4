"""What hosts say about their backups, and which one is taken."""

import pytest

from nightfleet.backup.shelves import Copy, Shelves, choose, is_name, read_answer
from nightfleet.backup.test_bag import INFO
from nightfleet.cluster.ssh import Said
from nightfleet.errors import Exit, NightfleetError

OLD, NEW = "20261127T002900Z-lab-c1", "20261128T002900Z-lab-c1"
ANSWER = f"""=== whole /var/lib/nightfleet/backup/{NEW}
{INFO}=== damaged /var/lib/nightfleet/backup-copies/lab-c1/{OLD}
{INFO.replace(NEW, OLD)}"""


def shelves(*answers: tuple[str, str]) -> Shelves:
    """Return what nodes said, newest first."""
    copies = [copy for node, out in answers for copy in read_answer(Said(node, 0, out, ""))]
    return Shelves(tuple(sorted(copies, key=lambda copy: copy.name, reverse=True)), {})


def refused(found: Shelves, name: str) -> str:
    """Return why a name is refused."""
    with pytest.raises(NightfleetError) as error:
        choose(found, name)
    assert error.value.exit_code is Exit.REFUSED
    return str(error.value)


def test_an_answer_is_read_backup_by_backup() -> None:
    first, second = read_answer(Said("lab-c1", 0, ANSWER, ""))
    assert (first.name, first.at, first.good) == (NEW, "lab-c1", True)
    assert (second.path, second.good) == (f"/var/lib/nightfleet/backup-copies/lab-c1/{OLD}", False)
    assert first.bag and first.bag.revision == 644


def test_a_folder_that_says_it_is_another_backup_is_not_good() -> None:
    renamed = ANSWER.replace(f"backup/{NEW}", "backup/20300101T000000Z-lab-c1")
    assert [copy.good for copy in read_answer(Said("lab-c1", 0, renamed, ""))] == [False, False]


def test_a_folder_that_says_nothing_is_listed_and_not_good() -> None:
    (copy,) = read_answer(Said("lab-c1", 0, f"=== damaged /x/{NEW}\n", ""))
    assert copy == Copy(NEW, "lab-c1", f"/x/{NEW}", False, None)


def test_a_good_copy_is_taken_where_the_original_is_damaged() -> None:
    found = shelves(("lab-c1", ANSWER.replace("whole", "damaged")), ("lab-w1", ANSWER))
    assert choose(found, NEW).at == "lab-w1"
    assert choose(found, "newest").name == NEW
    assert list(found.bags) == [NEW]


def test_what_is_damaged_everywhere_or_unknown_is_refused_with_a_good_name() -> None:
    found = shelves(("lab-c1", ANSWER))
    assert f"backup '{OLD}' is damaged on lab-c1" in refused(found, OLD)
    assert f"there is no backup '20200101T000000Z-x'\n  hint: good ones: {NEW}" in refused(
        found, "20200101T000000Z-x"
    )


def test_without_any_backup_the_way_out_is_to_make_one() -> None:
    assert "`nightfleet backup now` makes one" in refused(shelves(), "newest")


def test_a_node_that_was_not_asked_is_named_because_it_may_have_it() -> None:
    assert "not asked: lab-c3" in refused(Shelves((), {"lab-c3": "no route to host"}), NEW)


def test_names_are_told_from_paths() -> None:
    assert is_name("newest") and is_name(NEW)
    assert not is_name(f"./{NEW}") and not is_name("/media/safe")
