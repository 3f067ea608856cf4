"""/scratch for pods: a class, and a local volume for each worker that has the filesystem. Pure.

A local volume is a whole filesystem of one node: one claim has it at a time, whose pods run there.
"""

from collections.abc import Sequence
from typing import Any

from nightfleet.disks.found import MIB
from nightfleet.diskwork.survey import Surveyed
from nightfleet.site import Site
from nightfleet.site.disks import MOUNTPOINTS, Purpose
from nightfleet.site.nodes import Role

CLASS = "scratch"
OURS = {"app.kubernetes.io/managed-by": "nightfleet"}


def manifests(site: Site, surveyed: Sequence[Surveyed]) -> list[dict[str, Any]]:
    """Return the class and the volumes of those that are laid out; nothing when no worker is."""
    volumes = [
        volume(one.node, scratch.size)
        for one in surveyed
        if one.planned and not one.planned.steps and not one.refusals
        if site.node(one.node).has(Role.WORKER) and (scratch := one.planned.by_purpose.get(Purpose.SCRATCH))
    ]
    return [storage_class(), *volumes] if volumes else []


def storage_class() -> dict[str, Any]:
    """Return the class: nobody makes its volumes, and a claim waits for the node that its pod is given."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": CLASS, "labels": OURS},
        "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": "WaitForFirstConsumer",
    }


def volume(node: str, size: int) -> dict[str, Any]:
    """Return the volume of a node; what a claim left in it is kept until a person frees it."""
    is_node = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"{CLASS}-{node}", "labels": OURS},
        "spec": {
            "capacity": {"storage": f"{size // MIB}Mi"},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": CLASS,
            "local": {"path": MOUNTPOINTS[Purpose.SCRATCH]},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [is_node]}]}},
        },
    }
