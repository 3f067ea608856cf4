from pathlib import Path

import pytest

from nightfleet.depot.model import Index, load_lock
from nightfleet.doctor import access, machine, nodes
from nightfleet.doctor.examine import lacking
from nightfleet.doctor.nodes import Look
from nightfleet.finding import Status
from nightfleet.site import Site, load_site

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDZhKJ"


@pytest.fixture
def site() -> Site:
    return load_site(Path(__file__).parents[3] / "inventory" / "lab" / "site.yaml")


def test_python_310_is_too_old_and_312_is_well() -> None:
    assert machine.python((3, 10, 4)).status is Status.FAIL
    assert machine.python((3, 12, 1)).status is Status.OK


@pytest.mark.parametrize(
    ("version", "status"),
    [
        ("3.10.0", Status.OK),
        ("3.11.2", Status.OK),
        ("3.9.2", Status.FAIL),
        ("4.0", Status.FAIL),
        (None, Status.FAIL),
    ],
)
def test_pyinfra_must_be_310_or_a_later_3(version: str | None, status: Status) -> None:
    assert machine.pyinfra(version).status is status


def test_a_missing_ssh_fails_and_a_missing_terraform_does_not() -> None:
    assert machine.program("ssh", None).status is Status.FAIL
    assert machine.program("terraform", None).status is Status.OK


def test_a_disk_that_nobody_could_look_at_is_unknown() -> None:
    assert machine.disk("/cache", None).status is Status.UNKNOWN
    assert machine.disk("/cache", 3 << 30).status is Status.WARN


def test_a_key_that_others_can_read_fails_with_the_chmod_to_run(site: Site) -> None:
    finding = access.key(site, 0o100644, readable=True)
    assert finding.status is Status.FAIL
    assert finding.hint == f"chmod 600 {site.file(site.connection.key)}"


def test_a_key_that_this_user_may_not_look_at_is_unknown(site: Site) -> None:
    assert access.key(site, None, readable=False).status is Status.UNKNOWN


def test_a_node_without_a_recorded_host_key_is_named(site: Site) -> None:
    text = "".join(f"{node.name},{node.address} {KEY}\n" for node in site.fleet if node.name != "lab-w2")
    finding = access.known_hosts(site, text)
    assert finding.status is Status.FAIL
    assert finding.what.endswith("lacks lab-w2")


def test_hashed_names_marked_keys_and_other_ports_are_understood() -> None:
    # `ssh-keygen -F 10.77.0.11` finds this line.
    hashed = f"|1|ae0PnqIZ+0EbqOzlwsylIuHjWj0=|0q3hqSOrnEnvXaIdFOz49Naza1Q= {KEY}\n"
    assert access.knows(hashed, "10.77.0.11", 22)
    assert not access.knows(hashed, "10.77.0.12", 22)
    assert access.knows(f"[10.0.0.1]:2222 {KEY}", "10.0.0.1", 2222)
    assert not access.knows(f"10.0.0.1 {KEY}", "10.0.0.1", 2222)
    assert access.knows(f"@cert-authority 10.0.0.1 {KEY}", "10.0.0.1", 22)
    assert not access.knows(f"@revoked 10.0.0.1 {KEY}", "10.0.0.1", 22)


def test_nodes_that_are_well_are_one_line_and_the_others_one_each(site: Site) -> None:
    findings = list(nodes.ports(site, {"lab-w2": "connection refused"}))
    assert [finding.status for finding in findings] == [Status.OK, Status.FAIL]
    assert findings[0].what.startswith("2 of 3 nodes")
    assert findings[1].what == "lab-w2: 10.77.0.22:22: connection refused"


@pytest.mark.parametrize(
    ("skew", "error", "status"),
    [
        pytest.param(0.2, 0.1, Status.OK, id="within-the-error"),
        pytest.param(-20, 0.1, Status.WARN, id="behind"),
        pytest.param(61, 0.1, Status.FAIL, id="over-a-minute-ahead"),
        pytest.param(61, 5.0, Status.WARN, id="perhaps-over-a-minute"),
    ],
)
def test_a_clock_is_judged_by_what_is_certain(site: Site, skew: float, error: float, status: Status) -> None:
    assert [finding.status for finding in nodes.clocks(site, {"lab-w1": Look(skew, error, {})})] == [status]


def test_a_changed_host_key_is_told_apart_from_a_refused_login(site: Site) -> None:
    changed, refused = nodes.logins(
        site,
        {
            "lab-w1": "Host key verification failed.",
            "lab-w2": "root@10.77.0.22: Permission denied (publickey).",
        },
    )
    assert "compare fingerprints" in changed.hint
    assert refused.hint.startswith("by hand: ssh -i ")


def test_a_full_file_system_is_named_with_its_use() -> None:
    look = Look(0, 0, {"/": 30, "/var/lib/containerd": 93})
    (finding,) = nodes.disks({"lab-w1": look})
    assert finding.status is Status.FAIL
    assert finding.what == "lab-w1: /var/lib/containerd 93 % in use"


def test_an_empty_depot_lacks_everything_that_the_site_installs(site: Site) -> None:
    missing = lacking(site, load_lock(), Index(), "amd64")
    assert f"kubelet {site.artifacts.kubernetes}" in missing
    assert f"images {site.artifacts.kubernetes}" in missing
    assert f"containerd {site.artifacts.containerd}" in missing
