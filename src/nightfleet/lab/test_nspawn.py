from pathlib import Path

from nightfleet.lab.layout import Layout
from nightfleet.lab.nspawn import command, last_line
from nightfleet.lab.spec import HostSpec, LabSpec

HOST = HostSpec("lab-w1", "10.77.0.21")
LAB = LabSpec("lab", "nf-lab", "10.77.0.1/24", (HOST,))


def test_the_container_gets_its_root_bridge_and_disks() -> None:
    argv = command(LAB, HOST, Layout("lab"), modules=True)
    assert argv[:4] == [
        "env",
        "SYSTEMD_NSPAWN_API_VFS_WRITABLE=1",
        "SYSTEMD_NSPAWN_USE_CGNS=1",
        "systemd-nspawn",
    ]
    assert "--directory=/var/lib/nightfleet/lab/lab/hosts/lab-w1/root" in argv
    assert "--machine=lab-lab-w1" in argv
    assert "--network-bridge=nf-lab" in argv
    assert "--bind=/var/lib/nightfleet/lab/lab/hosts/lab-w1/mnt/imagefs:/var/lib/containerd" in argv
    assert argv[-1] == "/run/nightfleet-lab/init"


def test_kernel_modules_are_shown_only_where_the_machine_has_some() -> None:
    assert "--bind-ro=/lib/modules" in command(LAB, HOST, Layout("lab"), modules=True)
    assert "--bind-ro=/lib/modules" not in command(LAB, HOST, Layout("lab"), modules=False)


def test_the_last_line_of_a_console_is_told_without_its_colours(tmp_path: Path) -> None:
    log = tmp_path / "console.log"
    assert last_line(log) == "it said nothing"
    log.write_text("first\n[\x1b[0;32m  OK  \x1b[0m] Started ssh.\n\n")
    assert last_line(log) == "[  OK  ] Started ssh."
