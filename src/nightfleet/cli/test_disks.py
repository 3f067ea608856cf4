"""Claims about `nightfleet disks`, by running it as far as no machine is asked, and by what it prints."""

import io
from pathlib import Path

import pytest
import yaml
from rich.console import Console
from typer.testing import CliRunner, Result

from nightfleet.cli.disks_show import as_json, print_plans
from nightfleet.cli.main import app
from nightfleet.cluster.ssh import Said
from nightfleet.disks.conftest import VIRTIO, answer
from nightfleet.diskwork.survey import Surveyed, judged
from nightfleet.errors import Exit
from nightfleet.site import load_site

SITE = {
    "site": "s",
    "nodes": {
        "n1": {"address": "10.0.0.11", "roles": ["control_plane"], "class": "box"},
        "n2": {"address": "10.0.0.12", "roles": ["worker"], "class": "plain"},
    },
    "classes": {"box": {"kind": "vm"}, "plain": {"kind": "vm"}},
    "connection": {"user": "root", "key": "key"},
    "network": {"nodes": "10.0.0.0/24", "pods": "10.1.0.0/16", "services": "10.2.0.0/16", "cni": "routed"},
    "disks": {"box": VIRTIO},
}


@pytest.fixture
def site_file(tmp_path: Path) -> Path:
    """Return a site of two nodes; the class of one has a layout."""
    path = tmp_path / "site.yaml"
    path.write_text(yaml.safe_dump(SITE))
    return path


def nightfleet(*arguments: str) -> Result:
    """Run the command as a user would."""
    return CliRunner().invoke(app, list(arguments))


def surveyed(site_file: Path, machine: str) -> Surveyed:
    """Return what a survey says of n1 when it is this machine."""
    return judged(load_site(site_file), Said("n1", 0, "\n".join(answer(machine)), ""), frozenset())


def printed(*nodes: Surveyed) -> str:
    """Return what `disks plan` prints."""
    out = io.StringIO()
    print_plans(nodes, "lab", Console(file=out, width=200))
    return out.getvalue()


def test_nodes_without_a_layout_have_nothing_to_plan(site_file: Path) -> None:
    done = nightfleet("disks", "plan", "n2", "--site", str(site_file))
    assert done.exit_code == Exit.USAGE
    assert "no disk is touched" in done.output


@pytest.mark.parametrize("word", ["n1", "n1:*", "n2:A1"])
def test_a_consent_without_the_exact_serial_of_a_node_is_no_consent(site_file: Path, word: str) -> None:
    done = nightfleet("disks", "apply", "n1", "--erase", word, "--site", str(site_file))
    assert done.exit_code == Exit.USAGE


@pytest.mark.parametrize(("machine", "code"), [("finished", Exit.DONE), ("blank", Exit.REFUSED)])
def test_volumes_for_pods_are_printed_once_a_worker_is_laid_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: str, code: Exit
) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(yaml.safe_dump(SITE).replace("- control_plane", "- control_plane\n    - worker"))
    monkeypatch.setattr("nightfleet.cli.disks.looked", lambda *_: [surveyed(path, machine)])
    done = nightfleet("disks", "volumes", "n1", "--site", str(path))
    assert done.exit_code == code, done.output
    kinds = [one["kind"] for one in yaml.safe_load_all(done.output)] if code is Exit.DONE else []
    assert kinds == (["StorageClass", "PersistentVolume"] if code is Exit.DONE else [])


def test_a_plan_is_steps_then_thresholds_with_reasons_then_the_next_command(site_file: Path) -> None:
    told = printed(surveyed(site_file, "blank"))
    assert "  partition /dev/vdb (serial NIGHT0001, 100 GiB)" in told
    assert "imagefs.available       6144Mi  (15 % of 40 GiB, at most 30 GiB)" in told
    assert told.endswith("next: nightfleet disks apply\n")


def test_a_refusal_is_printed_with_what_was_found(site_file: Path) -> None:
    told = printed(surveyed(site_file, "veracrypt"))
    assert "refused: /dev/vdb (serial NIGHT0001, 100 GiB): not empty: data without a known form" in told


def test_a_finished_node_has_nothing_to_do_and_a_silent_one_is_unknown(site_file: Path) -> None:
    told = printed(surveyed(site_file, "finished"), Surveyed("n2", silent="no route to host"))
    assert "nothing to do: its disks are laid out" in told
    assert "unknown: it does not answer: no route to host" in told


def test_machines_read_everything_that_was_found(site_file: Path) -> None:
    told = as_json(surveyed(site_file, "blank"), with_devices=True)
    assert told["steps"][0].startswith("partition")
    assert [disk["name"] for disk in told["disks"]] == ["/dev/vda", "/dev/vdb"]
    assert told["thresholds"]["gc_high"] == 75
