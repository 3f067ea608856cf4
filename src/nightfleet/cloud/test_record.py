"""Claims about what is recorded of Terraform's outputs, and what of a cluster that is gone."""

import json
from pathlib import Path
from typing import Any

import pytest

from nightfleet.cloud import course
from nightfleet.cloud.conftest import SITE
from nightfleet.cloud.record import forget, record
from nightfleet.cloud.terraform import Terraform
from nightfleet.errors import NightfleetError
from nightfleet.home import state_dir
from nightfleet.ledger import Event, Ledger
from nightfleet.site import Site
from nightfleet.site.load import load_before_it_is_made

HANDOVER = {
    "schema": 1,
    "name": "small",
    "network": "192.168.61.0/24",
    "nodes": {"small-c1": {"role": "control_plane", "class": "box", "address": "192.168.61.11"}},
}
OUTPUTS = {
    "nightfleet": {"sensitive": False, "value": HANDOVER},
    "password": {"sensitive": True, "value": "hidden"},
}


class Said:
    """What Terraform says of its outputs."""

    outputs: dict[str, Any] = OUTPUTS


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Said:
    there = Said()
    monkeypatch.setattr(Terraform, "output", lambda _self: json.dumps(there.outputs))
    return there


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    state_dir("small").mkdir(parents=True)
    (tmp_path / "terraform").mkdir()
    path = tmp_path / "site.yaml"
    path.write_text(SITE)
    return load_before_it_is_made(path)


@pytest.mark.usefixtures("said")
def test_nothing_but_the_handover_leaves_the_state(site: Site) -> None:
    text = record(site).read_text()
    assert json.loads(text) == {"nightfleet": OUTPUTS["nightfleet"]}
    assert "hidden" not in text


def test_an_empty_state_is_refused_and_the_record_stays(site: Site, said: Said) -> None:
    path = record(site)
    said.outputs = {}
    with pytest.raises(NightfleetError, match="holds no outputs"):
        record(site)
    assert path.exists()
    with pytest.raises(NightfleetError, match="holds no outputs"):
        course.conclude(site, "apply")


def test_after_everything_is_destroyed_the_cluster_is_put_aside_with_its_machines(
    site: Site, said: Said
) -> None:
    path, kubeconfig = record(site), state_dir(site.site) / "kubeconfig"
    kubeconfig.write_text("of the cluster that was")
    said.outputs = {}
    aside = course.conclude(site, course.DESTROY)
    assert not path.exists()
    assert not kubeconfig.exists()
    assert aside
    assert aside.read_text() == "of the cluster that was"
    assert aside.name.startswith("kubeconfig-2")
    assert Ledger.of(site.site).entries("cloud")[-1].event is Event.DONE


def test_nothing_is_put_aside_where_no_cluster_was(site: Site) -> None:
    assert forget(site) is None


@pytest.mark.usefixtures("said")
def test_a_directory_of_another_site_is_not_recorded_as_this_ones(site: Site, tmp_path: Path) -> None:
    (tmp_path / "terraform" / "backend.tf.json").write_text('{"//": "other", "terraform": {"backend": {}}}')
    with pytest.raises(NightfleetError, match="'other'"):
        record(site)
