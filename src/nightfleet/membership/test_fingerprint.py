"""Claims about records of a machine and their differences; one record is of a real host of the lab."""

from pathlib import Path

import pytest

from nightfleet.home import home
from nightfleet.membership import machine
from nightfleet.membership.fingerprint import KINDS, compare, count, read
from nightfleet.membership.volatile import LEFT_OUT, why

RECORDED = (Path(__file__).parent / "recorded" / "fingerprint.txt").read_text(encoding="utf-8")
SUM = "a" * 64


def record(*facts: str) -> str:
    return "format\tversion\t1\n" + "".join(f"{fact}\n" for fact in facts)


def differences(before: str, after: str, keep: tuple[str, ...] = ()) -> dict[str, list[str]]:
    compared = compare(read(before), read(after), keep)
    return {words: [str(one) for one in some] for words, some in compared.grouped().items()}


def test_a_real_record_is_read_whole() -> None:
    counted = count(read(RECORDED))
    assert set(counted) <= set(KINDS)
    assert {"package", "unit", "user", "group", "path", "content", "sysctl", "mount", "route"} <= set(counted)
    assert read(RECORDED)["package", "bash"].endswith("ii")


def test_a_machine_is_equal_to_itself_and_says_what_was_left_out() -> None:
    compared = compare(read(RECORDED), read(RECORDED))
    assert compared.equal
    assert compared.compared > 500
    assert compared.left_out["the same files are compared by their sums"] == 4


def test_what_came_what_went_and_what_changed_are_told_apart_by_kind() -> None:
    before = record("package\tcurl\t8.5 ii", f"content\t/etc/hosts\t{SUM}", "user\tme\t1:1 /home/me /bin/sh")
    after = record("package\tcurl\t8.6 ii", f"content\t/etc/hosts\t{SUM}", "mount\t/mnt\text4 rw")
    assert differences(before, after) == {
        "packages": ["~ curl: 8.5 ii -> 8.6 ii"],
        "accounts": ["- me 1:1 /home/me /bin/sh"],
        "mounts": ["+ /mnt ext4 rw"],
    }


def test_sums_are_shortened_for_people() -> None:
    changed = differences(record(f"content\t/etc/x\t{SUM}"), record(f"content\t/etc/x\t{'b' * 64}"))
    assert changed == {"contents of files": [f"~ /etc/x: {'a' * 12} -> {'b' * 12}"]}


def test_packages_that_were_to_stay_are_no_difference_but_are_told() -> None:
    compared = compare(
        read(record()), read(record("package\tvim:amd64\t9 ii", "package\thtop\t3 ii")), ["vi*"]
    )
    assert [one.key for one in compared.differences] == ["htop"]
    assert [one.key for one in compared.expected] == ["vim:amd64"]


def test_volatile_facts_do_not_count_and_are_told_with_their_reason() -> None:
    compared = compare(
        read(record()), read(record("sysctl\tkernel/random/uuid\tx", "path\t/etc/passwd-\tf 644"))
    )
    assert compared.equal
    assert compared.left_out == {"counted by the kernel": 1, "the account tools' last copy": 1}


def test_accounts_files_and_units_that_we_bring_always_count() -> None:
    for kind, key in (
        ("user", "nightfleet"),
        ("path", "/etc/sudoers.d/nightfleet"),
        ("content", "/etc/hosts"),
        ("unit", "kubelet.service"),
        ("active", "containerd.service"),
        ("mount", "/run/containerd/x/rootfs"),
        ("mount", "/var/lib/kubelet/pods/x"),
        ("sysctl", "net/ipv4/ip_forward"),
        ("listens", "tcp *:10250"),
        ("link", "cni0"),
        ("nft", "0001"),
    ):
        assert not why(kind, key), (kind, key)
    assert all(one.why for one in LEFT_OUT)


def test_a_record_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="no record"):
        read("format\tversion\t9\n")
    with pytest.raises(ValueError, match="no record"):
        read("")


def test_a_key_that_comes_twice_keeps_both_values() -> None:
    assert read(record("mount\t/x\text4 rw", "mount\t/x\ttmpfs rw"))["mount", "/x"] == "ext4 rw tmpfs rw"


def test_the_tool_and_the_deploys_look_for_the_same_traces() -> None:
    told = (home() / "deploys" / "hostops" / "machine.py").read_text(encoding="utf-8")
    assert all(f'"{path}"' in told for path in (machine.RECORD, *machine.TOUCHED))
    assert (home() / machine.SCRIPT).is_file()
