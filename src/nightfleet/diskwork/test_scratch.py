"""Claims about /scratch as volumes for pods."""

import kubernetes_validate  # type: ignore[import-untyped]
import pytest

from nightfleet.cluster.ssh import Said
from nightfleet.disks.conftest import answer
from nightfleet.diskwork.scratch import manifests
from nightfleet.diskwork.survey import Surveyed, judged
from nightfleet.site import Site


def surveyed(site: Site, machine: str) -> list[Surveyed]:
    """Return a survey of node n1 when it is this machine."""
    return [judged(site, Said("n1", 0, "\n".join(answer(machine)), ""), frozenset())]


@pytest.mark.parametrize("version", ["1.34", "1.35", "1.36"])
def test_each_object_fits_the_schemas_of_kubernetes(site: Site, version: str) -> None:
    objects = manifests(site, surveyed(site, "finished"))
    assert [one["kind"] for one in objects] == ["StorageClass", "PersistentVolume"]
    for one in objects:
        kubernetes_validate.validate(one, version, strict=True)


def test_a_worker_with_the_filesystem_has_a_volume_of_its_size_that_stays_there(site: Site) -> None:
    _, volume = manifests(site, surveyed(site, "finished"))
    assert volume["metadata"]["name"] == "scratch-n1"
    assert volume["spec"]["capacity"] == {"storage": f"{38 * 1024}Mi"}
    (term,) = volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert term["matchExpressions"][0]["values"] == ["n1"]


@pytest.mark.parametrize("machine", ["blank", "live-node"], ids=["not-laid-out", "refused"])
def test_what_is_not_there_yet_is_no_volume(site: Site, machine: str) -> None:
    assert manifests(site, surveyed(site, machine)) == []
