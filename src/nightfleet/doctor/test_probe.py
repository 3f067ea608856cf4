import socket
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

from nightfleet.doctor import probe
from nightfleet.doctor.nodes import Look
from nightfleet.site import Node, load_site

ANSWER = """1000.500000000
Filesystem     1024-blocks    Used Available Capacity Mounted on
overlay          100000000 9000000  91000000       9% /
/dev/loop0         8378368  251392   8126976       4% /var/lib/containerd
"""


def local() -> Node:
    site = load_site(Path(__file__).parents[3] / "inventory" / "lab" / "site.yaml")
    return replace(site.fleet[0], address=IPv4Address("127.0.0.1"))


def test_a_listening_port_answers_and_a_closed_one_says_why() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert probe.connects(local(), port) is None
    assert probe.connects(local(), port) == "connection refused"


def test_the_skew_is_counted_from_the_middle_of_the_question() -> None:
    look = probe.parse_look(ANSWER, before=989.5, after=991.5)
    assert look == Look(skew=10.0, error=1.0, used={"/": 9, "/var/lib/containerd": 4})


def test_an_answer_that_is_no_clock_is_shown() -> None:
    assert probe.parse_look("Welcome!\n", 0, 1) == "strange answer: 'Welcome!\\n'"


def test_a_program_that_is_not_there_is_none_and_one_that_is_says_its_version() -> None:
    assert probe.says("no-such-program-here") is None
    assert "Python 3." in (probe.says("python3", "--version") or "")


def test_free_space_is_that_of_the_nearest_directory_that_exists(tmp_path: Path) -> None:
    assert probe.free(tmp_path / "not" / "yet") == probe.free(tmp_path)
