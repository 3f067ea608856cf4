import pytest

from nightfleet.lab.layout import Layout
from nightfleet.lab.machine import Interface
from nightfleet.lab.network import bridge_commands, is_ours, marked_rules, pass_rules, table
from nightfleet.lab.spec import HostSpec, LabSpec

LAB = LabSpec("lab", "nf-lab", "10.77.0.1/24", (HostSpec("lab-w1", "10.77.0.21"),))
LAYOUT = Layout("lab")
WHOLE = Interface("nf-lab", "bridge", LAYOUT.mac, LAYOUT.mark)


def verbs(commands: list[list[str]]) -> list[str]:
    return [" ".join(command[1:3]) for command in commands]


def test_a_new_bridge_carries_the_labs_mac_from_its_first_moment() -> None:
    first, *rest = bridge_commands(LAB, LAYOUT, None)
    assert first == ["ip", "link", "add", "name", "nf-lab", "address", LAYOUT.mac, "type", "bridge"]
    assert verbs(rest) == ["address replace", "link set", "link set"]


def test_a_bridge_that_was_interrupted_is_finished_and_a_whole_one_left_alone() -> None:
    half = Interface("nf-lab", "bridge", LAYOUT.mac)
    assert verbs(bridge_commands(LAB, LAYOUT, half)) == ["address replace", "link set", "link set"]
    assert bridge_commands(LAB, LAYOUT, WHOLE) == []


@pytest.mark.parametrize(
    ("found", "ours"),
    [
        pytest.param(WHOLE, True, id="ours"),
        pytest.param(Interface("nf-lab", "bridge", Layout("other").mac, "x"), False, id="another-labs"),
        pytest.param(Interface("nf-lab", "veth", LAYOUT.mac), False, id="no-bridge"),
    ],
)
def test_a_bridge_is_known_by_its_mac(found: Interface, ours: bool) -> None:
    assert is_ours(found, LAYOUT) is ours


def test_macs_are_local_unicast_and_differ_between_labs() -> None:
    assert int(LAYOUT.mac[:2], 16) & 0b11 == 0b10
    assert Layout("lab2").mac != LAYOUT.mac


def test_the_table_replaces_itself_and_touches_only_the_labs_addresses() -> None:
    text = table(LAB, LAYOUT)
    assert text.splitlines()[:2] == ["table ip nightfleet-lab-lab", "delete table ip nightfleet-lab-lab"]
    assert 'ip saddr 10.77.0.0/24 ip daddr != 10.77.0.0/24 oifname != "nf-lab" masquerade' in text


def test_only_chains_that_drop_get_rules_and_only_iptables_own() -> None:
    assert pass_rules(LAB, LAYOUT, frozenset({"inet firewalld filter_FORWARD"})) == []
    rules = pass_rules(LAB, LAYOUT, frozenset({"ip filter FORWARD", "ip filter INPUT"}))
    assert [rule[:3] for rule in rules] == [
        ["FORWARD", "-i", "nf-lab"],
        ["FORWARD", "-o", "nf-lab"],
        ["INPUT", "-i", "nf-lab"],
    ]


def test_the_labs_rules_are_found_again_among_those_of_others() -> None:
    listing = """\
-P FORWARD DROP
-A FORWARD -i nf-lab -m comment --comment "nightfleet lab lab" -j ACCEPT
-A FORWARD -i nf-lab2 -m comment --comment "nightfleet lab lab2" -j ACCEPT
-A FORWARD -j DOCKER-USER
"""
    comment = ["-m", "comment", "--comment", "nightfleet lab lab", "-j", "ACCEPT"]
    assert marked_rules(listing, LAYOUT) == [["FORWARD", "-i", "nf-lab", *comment]]
