"""Claims about the connections to nodes."""

from pathlib import Path

import pytest

from nightfleet.cluster.ssh import ssh_config
from nightfleet.site import load_site
from nightfleet.verify.reach import Reach, Unknown
from nightfleet.verify.test_plugin import SITE


@pytest.fixture
def site_file(tmp_path: Path) -> Path:
    """A site whose nodes refuse every connection."""
    path = tmp_path / "site.yaml"
    path.write_text(SITE)
    return path


def test_host_keys_are_checked_and_no_password_is_asked_for(site_file: Path, tmp_path: Path) -> None:
    config = ssh_config(load_site(site_file), tmp_path)
    assert "StrictHostKeyChecking yes" in config
    assert "BatchMode yes" in config
    assert f'UserKnownHostsFile "{tmp_path}/known_hosts"' in config
    assert "Host gw-w2\n  HostName 127.0.0.22\n" in config


def test_one_connection_per_node_is_shared_by_all_checks(site_file: Path, tmp_path: Path) -> None:
    config = ssh_config(load_site(site_file), tmp_path)
    assert "ControlMaster auto" in config
    assert f"ControlPath {tmp_path}/%C" in config


def test_a_node_that_does_not_answer_is_asked_once_and_then_unknown(site_file: Path) -> None:
    reach = Reach(load_site(site_file))
    try:
        reach.connect(["gw-w1", "gw-w2"])
        with pytest.raises(Unknown, match="gw-w1 does not answer over ssh"):
            reach.host("gw-w1")
        with pytest.raises(Unknown, match="gw-c1 does not answer over ssh"):
            reach.api("/version")
    finally:
        reach.close()


def test_nothing_of_the_connections_stays(site_file: Path) -> None:
    reach = Reach(load_site(site_file))
    folder = reach._folder
    assert folder.is_dir()
    reach.close()
    assert not folder.exists()
