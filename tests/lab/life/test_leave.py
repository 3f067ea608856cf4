"""Nodes leave and their machines are proven to be as they were; another machine takes a lost one's place."""

import json
import os
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from nightfleet.cluster.api import Api
from nightfleet.cluster.etcd import Member, members
from nightfleet.cluster.nodes import NodeView, nodes
from nightfleet.cluster.ssh import Shell
from nightfleet.converge import NodeState
from nightfleet.lab import mounts
from nightfleet.site import Role
from tests.lab.cluster import Cluster, wait_until
from tests.lab.life.control_planes import kill

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="hosts are booted by root only")
Record = Callable[[str, object], None]


def planes(ha: Cluster) -> list[str]:
    return [node.name for node in ha.site.having(Role.CONTROL_PLANE)]


def boot(ha: Cluster) -> None:
    """Boot what is down. The kernel takes a while to let the network of a killed host's pods go."""
    up = ha.argv("lab", "up", "--hosts-only")
    wait_until(lambda: ha.ended(up).returncode == 0, "every host to boot", 120, 1)


def worker(ha: Cluster) -> str:
    """Return a worker that is nothing else."""
    return next(node.name for node in ha.site.fleet if node.roles == {Role.WORKER})


def views(ha: Cluster) -> dict[str, NodeView]:
    return nodes(Api(ha.operator_files / "kubeconfig"))


def etcd_members(ha: Cluster) -> dict[str, Member]:
    with Shell(ha.site) as shell:
        return {member.name: member for member in members(shell, planes(ha))}


def whole(ha: Cluster) -> bool:
    """Tell whether every node is Ready and every member of etcd healthy."""
    there = views(ha)
    ready = all(
        name in there and there[name].ready == "True" for name in (node.name for node in ha.site.fleet)
    )
    return ready and [one.healthy for one in etcd_members(ha).values()] == [True] * len(planes(ha))


def refused(ha: Cluster, *words: str) -> str:
    """Run a command that a guard refuses; return what it said."""
    done = ha.ended(ha.argv(*words))
    assert done.returncode == 3, f"{done.returncode}: {done.stdout}{done.stderr}"
    return done.stderr


def joins_again(ha: Cluster, name: str) -> None:
    report = ha.converge(ha.site.first_control_plane.name, name)
    assert {node.state for node in report.nodes} <= {NodeState.CHANGED, NodeState.UNCHANGED}
    wait_until(lambda: whole(ha), f"{name} to be Ready among all others", 300, 1)


def assert_proven(left: Any) -> None:
    assert left["proof"]["differences"] == {}
    assert left["proof"]["equal"]
    assert left["proof"]["compared"] > 1500


def test_a_worker_leaves_is_as_it_was_and_joins_again(ha: Cluster, record_property: Record) -> None:
    name = worker(ha)
    left = ha.nightfleet("node", "leave", name, "--prove")
    assert_proven(left)
    record_property("seconds_of_a_worker's_leave", left["seconds"])
    record_property("facts_compared", left["proof"]["compared"])
    assert name not in views(ha)
    assert ha.nightfleet("node", "leave", name, "--prove")["steps"] == ["prove"]  # again: nothing but to look
    joins_again(ha, name)
    assert views(ha)[name].ready == "True"


def test_a_leave_that_was_killed_is_completed_by_the_same_command(ha: Cluster) -> None:
    name = worker(ha)
    running = ha.start("node", "leave", name)
    running.wait_until(lambda: "Take back kubelet" in running.events(ha), "kubelet is taken back")
    running.kill()
    assert_proven(ha.nightfleet("node", "leave", name, "--prove"))
    joins_again(ha, name)


def test_a_control_plane_leaves_is_as_it_was_and_joins_again(ha: Cluster, record_property: Record) -> None:
    name = planes(ha)[-1]
    left = ha.nightfleet("node", "leave", name, "--prove")
    assert_proven(left)
    record_property("seconds_of_a_control_plane's_leave", left["seconds"])
    assert name not in views(ha)
    assert sorted(etcd_members(ha)) == planes(ha)[:-1]
    assert all(member.healthy for member in etcd_members(ha).values())
    joins_again(ha, name)
    assert sorted(etcd_members(ha)) == planes(ha)


def test_what_would_break_the_quorum_or_take_the_registry_away_is_refused(ha: Cluster) -> None:
    registry = ha.site.having(Role.REGISTRY)[0].name
    assert "is the registry" in refused(ha, "node", "leave", registry)
    _, second, third = planes(ha)
    kill(ha, second)
    try:
        wait_until(lambda: not etcd_members(ha)[second].healthy, f"etcd on {second} to be missed", 60, 1)
        said = refused(ha, "node", "leave", third)
        assert "2 members that would remain, 1 are healthy" in said
        assert "bring the others back first" in said
        assert not views(ha)[third].cordoned
        assert len(etcd_members(ha)) == 3
        assert "is not healthy" in refused(ha, "node", "reboot", third)
        assert "does not answer" in refused(ha, "node", "leave", second)
    finally:
        boot(ha)
    wait_until(lambda: whole(ha), f"{second} to come back", 300, 1)


def test_another_machine_takes_the_place_of_a_lost_worker_once_its_key_is_confirmed(
    ha: Cluster, record_property: Record
) -> None:
    name = worker(ha)
    known = ha.layout.known_hosts.read_text()
    before = views(ha)[name].boot_id
    another_machine(ha, name)
    ha.layout.known_hosts.write_text(known)  # an operator's file, which no lab writes
    wait_until(lambda: views(ha)[name].ready != "True", f"{name} to be missed", 180, 1)
    said = refused(ha, "node", "replace", name)
    assert "another machine answers" in said
    key = host_key(ha, name)
    assert key in said
    assert "who answers there?" in refused(ha, "node", "replace", name, "--host-key", "SHA256:other")
    replaced = ha.nightfleet("node", "replace", name, "--host-key", key)
    assert replaced["ready"] == "True"
    record_property("seconds_of_a_replacement", replaced["seconds"])
    assert views(ha)[name].boot_id != before
    assert whole(ha)
    assert ha.nightfleet("node", "replace", name, "--host-key", key)["steps"] == []


def another_machine(ha: Cluster, name: str) -> None:
    """Destroy a host, disks and all, and boot another one under its name and address."""
    ha.host(name).kill()
    folder = ha.layout.host(name).dir
    mounts.unmount(folder)
    shutil.rmtree(folder)
    boot(ha)


def host_key(ha: Cluster, name: str) -> str:
    """Return what one reads on the machine's console."""
    file = ha.root(name) / "etc/ssh/ssh_host_ed25519_key.pub"
    return ha.run(["ssh-keygen", "-lf", str(file)]).split()[1]


def test_every_check_passes_at_the_end_and_the_ledger_has_no_open_end(ha: Cluster) -> None:
    assert ha.faults() == []
    lines = [json.loads(line) for line in (ha.operator_files / "ledger.jsonl").read_text().splitlines()]
    last = {(line["run"], line["step"], line.get("node", "")): line["event"] for line in lines}
    assert {event for (run, *_), event in last.items() if run.startswith(("leave", "replace"))} == {"done"}
