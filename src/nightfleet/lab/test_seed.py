import subprocess
from pathlib import Path

from nightfleet.lab.seed import files, init_script
from nightfleet.lab.spec import HostSpec, LabSpec

HOST = HostSpec("lab-w1", "10.77.0.21")
LAB = LabSpec("lab", "nf-lab", "10.77.0.1/24", (HOST,))


def test_a_host_has_its_address_before_its_init_starts() -> None:
    lines = init_script(LAB, HOST).splitlines()
    assert "ip address replace 10.77.0.21/24 dev host0" in lines
    assert "ip route replace default via 10.77.0.1" in lines
    assert lines[-1] == "exec /sbin/init"


def test_a_host_is_given_its_name_and_the_operators_key() -> None:
    given = files(HOST, "ssh-ed25519 AAAA operator\n", "nameserver 192.0.2.53\n")
    assert given["etc/hostname"] == ("lab-w1\n", 0o644)
    assert given["root/.ssh/authorized_keys"] == ("ssh-ed25519 AAAA operator\n", 0o600)
    assert given["etc/resolv.conf"][0] == "nameserver 192.0.2.53\n"
    assert "10.77.0.21 lab-w1" in given["etc/hosts"][0]


def test_two_hosts_never_share_a_machine_id() -> None:
    ids = {files(HOST, "", "")["etc/machine-id"][0] for _ in range(3)}
    assert len(ids) == 3


def test_the_init_script_is_valid_shell(tmp_path: Path) -> None:
    script = tmp_path / "init"
    script.write_text(init_script(LAB, HOST))
    assert subprocess.run(["sh", "-n", str(script)], check=False).returncode == 0
