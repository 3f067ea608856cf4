"""Volumes and classes, rendered and checked against Kubernetes' own schemas."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from jsonschema import Draft202012Validator

from deploys.nfs_volumes.plan import Wanted, plan
from nightfleet.site import Site

Edited = Callable[..., Site]
NFS = """
nfs:
  exports:
    teams: {on: rack-store, path: /srv/nfs/teams, tenants: {vision: {}, speech: {}}}
    models: {on: rack-store, path: /srv/nfs/models}
  classes:
    datasets-vision: {export: teams/vision, cache: true, nconnect: 8}
    checkpoints-speech: {export: teams/speech, reclaim: archive}
    scratch: {server: filer.example.org, path: /scratch, reclaim: delete, version: "4.1"}
  volumes:
    models: {export: models, namespace: vision, size: 20TiB, cache: true, read_only: true}
    results: {server: filer.example.org, path: /results, namespace: speech}

kubernetes:
"""


@pytest.fixture
def site(edited: Edited) -> Site:
    """The rack with three classes and two volumes."""
    return edited("rack", ("\nkubernetes:\n", NFS))


@pytest.fixture
def wanted(site: Site) -> Wanted:
    return plan(site)


@pytest.fixture
def objects(wanted: Wanted) -> dict[str, dict[str, Any]]:
    """Return every object that is applied, by kind and name."""
    texts = [file.content for file in wanted.files if file.path in wanted.manifests]
    found = [one for text in texts for one in yaml.safe_load_all(text) if one]
    return {f"{one['kind']}/{one['metadata']['name']}": one for one in found}


@pytest.mark.parametrize("version", ["1.34", "1.35", "1.36"])
def test_every_object_fits_the_schemas_of_kubernetes(
    objects: dict[str, dict[str, Any]], version: str
) -> None:
    assert len(objects) == 5
    for one in objects.values():
        kubernetes_validate.validate(one, version, strict=True)


def test_a_class_for_datasets_is_cached_and_one_for_checkpoints_is_not(
    objects: dict[str, dict[str, Any]],
) -> None:
    datasets = objects["StorageClass/datasets-vision"]["mountOptions"]
    assert {"fsc", "hard", "vers=4.2", "nconnect=8"} <= set(datasets)
    checkpoints = objects["StorageClass/checkpoints-speech"]["mountOptions"]
    assert "fsc" not in checkpoints
    assert {"hard", "nconnect=4"} <= set(checkpoints)
    assert "_netdev" not in {*datasets, *checkpoints}


def test_every_tenants_claims_lie_in_its_own_export_by_namespace(objects: dict[str, dict[str, Any]]) -> None:
    parameters = objects["StorageClass/datasets-vision"]["parameters"]
    assert parameters["server"] == "10.50.0.20"
    assert parameters["share"] == "/srv/nfs/teams/vision"
    assert parameters["subDir"] == "${pvc.metadata.namespace}/${pvc.metadata.name}"


def test_an_archived_folder_is_never_the_place_of_another(objects: dict[str, dict[str, Any]]) -> None:
    """The driver removes an archive of the same name before it makes one (controllerserver.go, 4.13)."""
    parameters = objects["StorageClass/checkpoints-speech"]["parameters"]
    assert parameters["subDir"] == "${pvc.metadata.namespace}/${pvc.metadata.name}-${pv.metadata.name}"


@pytest.mark.parametrize(
    ("name", "folder", "volume"),
    [
        ("datasets-vision", "retain", "Retain"),
        ("checkpoints-speech", "archive", "Delete"),
        ("scratch", "delete", "Delete"),
    ],
)
def test_what_becomes_of_a_deleted_claims_folder_is_what_the_site_says(
    objects: dict[str, dict[str, Any]], name: str, folder: str, volume: str
) -> None:
    one = objects[f"StorageClass/{name}"]
    assert (one["parameters"]["onDelete"], one["reclaimPolicy"]) == (folder, volume)


def test_a_volume_needs_no_driver_and_is_for_one_claim_alone(objects: dict[str, dict[str, Any]]) -> None:
    spec = objects["PersistentVolume/models"]["spec"]
    assert spec["nfs"] == {"server": "10.50.0.20", "path": "/srv/nfs/models", "readOnly": True}
    assert (spec["claimRef"]["namespace"], spec["claimRef"]["name"]) == ("vision", "models")
    assert (spec["accessModes"], spec["capacity"]) == (["ReadOnlyMany"], {"storage": "20Ti"})
    assert {"ro", "fsc"} <= set(spec["mountOptions"])
    assert spec["storageClassName"] == ""


def test_a_server_elsewhere_is_named_as_the_site_names_it(objects: dict[str, dict[str, Any]]) -> None:
    spec = objects["PersistentVolume/results"]["spec"]
    assert spec["nfs"]["server"] == "filer.example.org"
    assert spec["accessModes"] == ["ReadWriteMany"]


def test_the_drivers_values_are_there_where_there_are_classes_and_make_none_themselves(
    wanted: Wanted, edited: Edited
) -> None:
    values = yaml.safe_load(next(file.content for file in wanted.files if file.path.endswith("-values.yaml")))
    schema = json.loads(Path(__file__).with_name("csi-driver-nfs-values.schema.json").read_text("utf-8"))
    assert list(Draft202012Validator(schema).iter_errors(values)) == []
    assert values["storageClass"] == {"create": False}
    assert values["controller"]["defaultOnDeletePolicy"] == "retain"
    only = "\nnfs: {volumes: {x: {server: f.example.org, path: /x, namespace: a}}}\n\nkubernetes:\n"
    alone = plan(edited("rack", ("\nkubernetes:\n", only)))
    assert [file.path.rpartition("/")[2] for file in alone.files] == ["volumes.yaml"]
    assert alone.sum != wanted.sum
