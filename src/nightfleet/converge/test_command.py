from pathlib import Path

import pytest

from nightfleet.converge.command import capabilities, check_capability, executable, pyinfra_argv
from nightfleet.errors import NightfleetError
from nightfleet.site import Site, load_site

ROOT = Path(__file__).parents[3]
ALL = ["lab-c1", "lab-w1", "lab-w2"]


@pytest.fixture
def site() -> Site:
    return load_site(ROOT / "inventory/lab/site.yaml")


def test_a_whole_site_is_the_command_of_the_guide(site: Site) -> None:
    words = "pyinfra --json -y inventory/lab/hosts.py deploys/fleet.py"
    assert " ".join(pyinfra_argv(site, ALL, ROOT)) == words


def test_some_nodes_are_limits_and_one_capability_is_its_function(site: Site) -> None:
    argv = pyinfra_argv(site, ["lab-w1", "lab-w2"], ROOT, only="containerd")
    assert argv[3:] == (
        "inventory/lab/hosts.py",
        "deploys.containerd.containerd",
        *("--limit", "lab-w1"),
        *("--limit", "lab-w2"),
    )


def test_a_dry_run_never_says_yes_since_that_would_skip_the_look_for_changes(site: Site) -> None:
    argv = pyinfra_argv(site, ALL, ROOT, dry=True)
    assert "--dry" in argv
    assert "-y" not in argv


@pytest.mark.parametrize("dry", [True, False])
def test_what_hides_failures_is_never_asked_for(site: Site, dry: bool) -> None:
    assert not {"--no-wait", "--serial"} & set(pyinfra_argv(site, ALL, ROOT, dry=dry))


def test_pyinfra_is_the_one_of_this_environment() -> None:
    assert Path(executable()).is_file()


def test_a_capability_is_a_deploy_of_its_own_name() -> None:
    assert {"base", "containerd"} <= set(capabilities(ROOT))
    assert "hostops" not in capabilities(ROOT)
    with pytest.raises(NightfleetError, match="did you mean 'containerd'"):
        check_capability("contianerd", ROOT)
