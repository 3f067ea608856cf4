"""Claims about what an upgrade needs of the depot."""

import pytest

from nightfleet.depot.model import Arch, Index, Kind, Origin, Stored, load_lock
from nightfleet.site import Site
from nightfleet.upgrade.conftest import Edited
from nightfleet.upgrade.depot import missing


def stored(name: str, version: str, reference: str = "") -> Stored:
    kind = Kind.IMAGE if reference else Kind.BINARY
    common = {"arch": Arch.AMD64, "sha256": "0" * 64, "size": 1, "origin": Origin.UPSTREAM, "key": "0" * 64}
    return Stored(name=name, version=version, file=name, kind=kind, reference=reference, **common)


@pytest.fixture
def full() -> Index:
    """Return a depot with everything of 1.36.3."""
    names = (("containerd", "2.3.4"), ("runc", "1.4.3"))
    programs = [(name, "1.36.3") for name in ("kubelet", "kubeadm", "kubectl")]
    images = [stored(one.name, one.tag, one.reference) for one in load_lock().image_releases("1.36.3")]
    files = (*(stored(*one) for one in (*names, *programs)), *images)
    return Index(files=files, kubernetes={"1.36.3": tuple(one.reference for one in images)})


def test_a_full_depot_lacks_nothing(site: Site, full: Index) -> None:
    assert missing(site, load_lock(), full) == {}


def test_an_empty_one_lacks_everything_and_says_what_brings_it(site: Site) -> None:
    found = missing(site, load_lock(), Index())
    assert found["kubelet 1.36.3 is not in the depot"] == "nightfleet depot fetch kubelet@1.36.3"
    assert (
        found["images of Kubernetes 1.36.3 are not in the depot"]
        == "nightfleet depot fetch --kubernetes 1.36.3"
    )
    assert len(found) == 6


def test_a_version_that_nobody_locked_is_named_with_those_that_are(edited: Edited, full: Index) -> None:
    found = missing(edited(("1.36.3", "1.36.9")), load_lock(), full)
    assert found["kubelet 1.36.9 is not in versions.yaml"] == "locked: 1.36.3, 1.35.4"
