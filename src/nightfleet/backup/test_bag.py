"""What counts as a backup, and what a damaged or foreign folder is."""

from datetime import UTC, datetime
from pathlib import Path

import bagit
import pytest

from nightfleet.backup.bag import NEEDED, open_bag, read_info
from nightfleet.errors import Exit, NightfleetError

# as a control plane of the lab wrote it
INFO = """\
Source-Organization: lab
External-Identifier: 20261128T002900Z-lab-c1
Bagging-Date: 2026-11-28
Bag-Software-Agent: nightfleet
Nightfleet-Made-At: 2026-11-28T00:29:00Z
Nightfleet-Node: lab-c1
Nightfleet-Kubernetes: 1.36.3
Nightfleet-Cluster-CA: ae7c8e6fa1cea0429b8aca48ce5a367aeb09f5f4839e2582f6917c595e297072
Nightfleet-Etcd-Revision: 644
Nightfleet-Etcd-Keys: 378
Nightfleet-Etcd-Hash: 3474650950
Nightfleet-Etcd-Bytes: 1171456
Payload-Oxum: 1233917.4
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A whole bag."""
    for name in NEEDED:
        (tmp_path / Path(name).name).write_text(name)
    info = dict(line.split(": ", 1) for line in INFO.splitlines() if not line.startswith("Payload"))
    bagit.make_bag(str(tmp_path), info, checksums=["sha256"])
    return tmp_path


def refused(folder: Path) -> str:
    """Return why a bag is refused."""
    with pytest.raises(NightfleetError) as error:
        open_bag(folder)
    assert error.value.exit_code is Exit.REFUSED
    assert error.value.hint
    return error.value.what


def test_a_bag_says_what_it_is_without_a_key() -> None:
    bag = read_info(INFO)
    assert (bag.name, bag.node, bag.revision, bag.keys, bag.size) == (
        "20261128T002900Z-lab-c1",
        "lab-c1",
        644,
        378,
        1233917,
    )
    assert bag.age(datetime(2026, 11, 28, 1, 29, tzinfo=UTC)) == 3600


@pytest.mark.parametrize(
    "line", [line for line in INFO.splitlines() if "Agent" not in line and "Date" not in line]
)
def test_a_bag_that_lacks_a_field_that_matters_is_none_of_ours(line: str) -> None:
    if "Hash" in line or "Bytes" in line:
        return
    with pytest.raises(ValueError, match="lacks"):
        read_info(INFO.replace(line + "\n", ""))


def test_a_name_that_could_lead_elsewhere_is_no_name() -> None:
    with pytest.raises(ValueError, match="no name"):
        read_info(INFO.replace("20261128T002900Z-lab-c1", "../../etc"))


def test_a_whole_bag_is_opened(folder: Path) -> None:
    assert open_bag(folder).name == "20261128T002900Z-lab-c1"


def test_one_changed_byte_is_found(folder: Path) -> None:
    (folder / NEEDED[0]).write_text(NEEDED[0].upper())
    assert "damaged" in refused(folder)


def test_a_file_that_no_manifest_names_is_found(folder: Path) -> None:
    (folder / "data" / "more").write_text("x")
    assert "damaged" in refused(folder)


def test_a_changed_field_is_found(folder: Path) -> None:
    path = folder / "bag-info.txt"
    path.write_text(path.read_text().replace("644", "645"))
    assert "damaged" in refused(folder)


def test_a_bag_without_a_snapshot_is_no_backup(folder: Path) -> None:
    (folder / NEEDED[0]).unlink()
    bagit.Bag(str(folder)).save(manifests=True)
    assert refused(folder) == f"this backup lacks {NEEDED[0]!r}"


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "damaged" in refused(tmp_path / "nothing")
