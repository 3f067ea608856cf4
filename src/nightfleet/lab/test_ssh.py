from nightfleet.lab.layout import Layout
from nightfleet.lab.spec import HostSpec, LabSpec
from nightfleet.lab.ssh import command, config, known_hosts

LAB = LabSpec(
    "lab", "nf-lab", "10.77.0.1/24", (HostSpec("lab-c1", "10.77.0.11"), HostSpec("lab-w1", "10.77.0.21"))
)
LAYOUT = Layout("lab")


def test_each_host_is_known_by_name_and_address_once_its_key_is_made() -> None:
    keys = {"lab-c1": "ssh-ed25519 AAAAC3Nz lab-c1\n"}
    assert known_hosts(LAB, keys) == "lab-c1,10.77.0.11 ssh-ed25519 AAAAC3Nz\n"


def test_the_configuration_names_every_host_and_checks_its_key() -> None:
    text = config(LAB, LAYOUT)
    assert "Host lab-w1\n  HostName 10.77.0.21\n" in text
    assert text.count("StrictHostKeyChecking yes") == 2
    assert text.count(f"UserKnownHostsFile {LAYOUT.known_hosts}") == 2


def test_a_command_is_run_without_questions_and_a_shell_with_a_terminal() -> None:
    file = "/var/lib/nightfleet/lab/lab/ssh/config"
    assert command(LAYOUT, "lab-w1", ["uptime"]) == [
        "ssh",
        "-F",
        file,
        "-o",
        "BatchMode=yes",
        "lab-w1",
        "--",
        "uptime",
    ]
    assert command(LAYOUT, "lab-w1", terminal=True) == ["ssh", "-F", file, "lab-w1"]
