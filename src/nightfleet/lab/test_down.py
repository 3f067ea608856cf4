import pytest

from nightfleet.lab.down import is_lab_process, is_of

LAB = "/var/lib/nightfleet/lab/lab"


@pytest.mark.parametrize(
    ("words", "ours"),
    [
        pytest.param(
            ["python3", "-m", "nightfleet.lab.keeper", f"{LAB}/hosts/a/keeper", "--", "x"], True, id="keeper"
        ),
        pytest.param(
            ["systemd-nspawn", f"--directory={LAB}/hosts/a/root", "/run/nightfleet-lab/init"],
            True,
            id="container",
        ),
        pytest.param(
            ["systemd-nspawn", f"--directory={LAB}2/hosts/a/root"], False, id="lab-with-a-longer-name"
        ),
        pytest.param(["less", f"{LAB}/hosts/a/console.log"], False, id="someone-who-reads-its-log"),
        pytest.param(["ssh", "-F", f"{LAB}/ssh/config", "a"], False, id="someones-ssh"),
    ],
)
def test_only_keepers_and_containers_of_the_lab_are_its_processes(words: list[str], ours: bool) -> None:
    assert is_lab_process("\0".join([*words, ""]), LAB) is ours


@pytest.mark.parametrize(("lab", "ours"), [("nft", False), ("nft-hosts", True), ("hosts", False)])
def test_a_container_belongs_to_the_lab_with_the_longest_name(lab: str, ours: bool) -> None:
    assert is_of(lab, "nft-hosts-a", ["nft", "nft-hosts", "hosts"]) is ours
