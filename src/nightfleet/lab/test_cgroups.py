from pathlib import Path

from nightfleet.lab.cgroups import CgroupFacts, belongs, group_name, launcher, make, memory_used, remove

GROUP = group_name("lab", "lab-w1")


def test_under_systemd_a_host_is_a_delegated_scope_with_a_memory_ceiling() -> None:
    facts = CgroupFacts(2, (Path("/sys/fs/cgroup"),), systemd=True)
    assert launcher(facts, GROUP, 1.5) == [
        "systemd-run",
        "--scope",
        "--quiet",
        "--collect",
        "--unit=nightfleet-lab-lab.lab-w1.scope",
        "--property=Delegate=yes",
        "--property=MemoryMax=1610612736",
        "--",
    ]


def test_elsewhere_a_shell_enters_every_hierarchy_before_it_becomes_the_host() -> None:
    facts = CgroupFacts(1, (Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup/memory")), systemd=False)
    shell, option, script, name = launcher(facts, GROUP, None)
    assert (shell, option, name) == ("sh", "-c", "sh")
    assert "/sys/fs/cgroup/cpu/nightfleet-lab-lab.lab-w1/cgroup.procs" in script
    assert "/sys/fs/cgroup/memory/nightfleet-lab-lab.lab-w1/cgroup.procs" in script
    assert script.endswith('exec "$@"')


def test_a_process_belongs_to_its_group_below_it_and_in_its_scope() -> None:
    assert belongs("4:memory:/nightfleet-lab-lab.lab-w1/kubepods/pod1\n", GROUP)
    assert belongs("0::/system.slice/nightfleet-lab-lab.lab-w1.scope/payload/init.scope\n", GROUP)
    assert not belongs("4:memory:/nightfleet-lab-lab.lab-w10\n0::/\n", GROUP)


def test_groups_of_version_1_get_processors_and_a_limit_and_go_with_their_children(tmp_path: Path) -> None:
    cpuset, memory = tmp_path / "cpuset", tmp_path / "memory"
    facts = CgroupFacts(1, (cpuset, memory), systemd=False)
    for hierarchy, files in ((cpuset, ("cpuset.cpus", "cpuset.mems")), (memory, ("memory.limit_in_bytes",))):
        (hierarchy / GROUP).mkdir(parents=True)
        for file in files:
            (hierarchy / file).write_text("0-1")
            (hierarchy / GROUP / file).write_text("")
    make(facts, GROUP, 2)
    assert (cpuset / GROUP / "cpuset.cpus").read_text() == "0-1"
    assert (memory / GROUP / "memory.limit_in_bytes").read_text() == str(2 * 1024**3)


def test_removing_a_group_takes_its_children_first(tmp_path: Path) -> None:
    (tmp_path / GROUP / "system.slice" / "ssh.service").mkdir(parents=True)
    remove(CgroupFacts(2, (tmp_path,), systemd=False), GROUP)
    assert list(tmp_path.iterdir()) == []


def test_memory_in_use_leaves_the_page_cache_out(tmp_path: Path) -> None:
    (tmp_path / GROUP).mkdir()
    (tmp_path / GROUP / "memory.current").write_text("1000\n")
    (tmp_path / GROUP / "memory.stat").write_text("anon 300\nfile 600\nfile_mapped 200\n")
    assert memory_used(CgroupFacts(2, (tmp_path,), systemd=False), GROUP) == 400
    assert memory_used(CgroupFacts(2, (tmp_path / "none",), systemd=False), GROUP) is None
