"""Claims about the checks' plugin, by running pytest with it on sites and checks made for this."""

import json
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

# Nobody listens on port 1 of this machine's loopback: every node is refused at once.
SITE = """\
site: shut
nodes:
  gw-c1: {address: 127.0.0.11, roles: [control_plane], class: host}
  gw-w[1-2]: {address: "127.0.0.[21-22]", roles: [worker], class: host}
classes:
  host: {kind: server}
connection: {user: root, key: no-key, known_hosts: known_hosts, port: 1}
network: {nodes: 127.0.0.0/24, pods: 10.78.0.0/16, services: 10.79.0.0/16, cni: routed}
"""
CHECKS = """\
import pytest

def test_it_is_a_node(node):
    assert node.name.startswith("gw-")

@pytest.mark.on("worker")
def test_it_works(node):
    assert node.name != "gw-w2", f"{node.name} is tired"

@pytest.mark.on("first_control_plane")
def test_it_answers(host):
    assert host.check_output("true") == ""

@pytest.mark.on("worker", when=lambda site, node: node.name in site.title)
def test_nobody_is_meant(node):
    assert False

@pytest.mark.on("control_plane")
def test_it_cannot_be_asked(node):
    pytest.skip("there is no instrument")
"""


@pytest.fixture
def checks(pytester: pytest.Pytester) -> Path:
    """A room with checks, beside a site."""
    (pytester.path / "site.yaml").write_text(SITE)
    room = pytester.path / "deploys" / "greeting"
    room.mkdir(parents=True)
    (room / "verify.py").write_text(CHECKS)
    return room / "verify.py"


def run(pytester: pytest.Pytester, checks: Path, *options: str) -> pytest.RunResult:
    """Run the checks in a process of their own."""
    plugin = ("-p", "nightfleet.verify.plugin", "-p", "no:cacheprovider")
    return pytester.runpytest_subprocess(
        *plugin, checks, "--site", pytester.path / "site.yaml", "-v", *options
    )


def test_a_check_runs_once_per_node_that_it_means(pytester: pytest.Pytester, checks: Path) -> None:
    said = run(pytester, checks, "--collect-only", "-qq").stdout.str()
    asked = [line.partition("::")[2] for line in said.splitlines() if "::" in line]
    assert asked == [
        "test_it_is_a_node[gw-c1]",
        "test_it_is_a_node[gw-w1]",
        "test_it_is_a_node[gw-w2]",
        "test_it_works[gw-w1]",
        "test_it_works[gw-w2]",
        "test_it_answers[gw-c1]",
        "test_it_cannot_be_asked[gw-c1]",
    ]


def test_only_the_chosen_nodes_are_checked(pytester: pytest.Pytester, checks: Path) -> None:
    run(pytester, checks, "--nodes", "gw-w1").assert_outcomes(passed=2, deselected=3)


def test_a_node_that_does_not_answer_is_unknown_and_says_why(pytester: pytest.Pytester, checks: Path) -> None:
    result = run(pytester, checks, "--nodes", "gw-c1", "-k", "answers")
    result.assert_outcomes(errors=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*test_it_answers?gw-c1? UNKNOWN*", "gw-c1 does not answer over ssh: *"])


def test_each_result_is_told_with_its_reason(pytester: pytest.Pytester, checks: Path) -> None:
    events = pytester.path / "events"
    run(pytester, checks, "--check-events", str(events))
    first, *results = map(json.loads, events.read_text().splitlines())
    assert first == {"total": 7}
    told = {(one["node"], one["claim"]): (one["outcome"], one["reason"]) for one in results}
    assert told["gw-w1", "it works"] == ("passed", "")
    assert told["gw-w2", "it works"] == ("failed", "gw-w2 is tired")
    assert told["gw-c1", "it answers"][0] == "unknown"
    assert told["gw-c1", "it answers"][1].startswith("gw-c1 does not answer over ssh: ")
    assert told["gw-c1", "it cannot be asked"] == ("unknown", "there is no instrument")
    assert {one["capability"] for one in results} == {"greeting"}


def test_an_unknown_node_is_a_usage_error_that_names_the_nearest(
    pytester: pytest.Pytester, checks: Path
) -> None:
    result = run(pytester, checks, "--nodes", "gw-w11")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "did you mean 'gw-w1'?" in result.stderr.str() + result.stdout.str()


def test_an_invalid_site_is_a_usage_error_with_file_and_line(pytester: pytest.Pytester, checks: Path) -> None:
    (pytester.path / "site.yaml").write_text(SITE.replace("roles: [worker]", "roles: [walker]"))
    result = run(pytester, checks)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "site.yaml:4" in result.stderr.str() + result.stdout.str()


def test_a_mark_with_a_group_that_is_none_is_an_error(pytester: pytest.Pytester, checks: Path) -> None:
    checks.write_text(CHECKS.replace('on("worker")', 'on("walker")'))
    result = run(pytester, checks)
    assert "there is no group walker" in result.stderr.str() + result.stdout.str()


def test_tests_that_are_no_checks_are_left_alone(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("import pytest\n@pytest.mark.parametrize('node', [1, 2])\ndef test_it(node): pass")
    pytester.runpytest_subprocess("-p", "nightfleet.verify.plugin").assert_outcomes(passed=2)


def test_a_claim_that_takes_a_moment_is_asked_again_but_not_for_ever(
    pytester: pytest.Pytester, checks: Path
) -> None:
    checks.write_text(
        "import itertools, pytest\n"
        "asked = itertools.count()\n"
        "@pytest.mark.within(20)\n"
        "@pytest.mark.on('first_control_plane')\n"
        "def test_it_comes(node): assert next(asked) == 2\n"
        "@pytest.mark.within(1)\n"
        "@pytest.mark.on('first_control_plane')\n"
        "def test_it_never_comes(node): assert False\n"
    )
    run(pytester, checks).assert_outcomes(passed=1, failed=1)
