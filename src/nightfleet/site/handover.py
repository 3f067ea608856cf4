"""From Terraform to the site: the output `nightfleet` of a configuration, typed. Pure.

One object with a schema number, so that a recipe of another time is refused instead of misread. A site with
the section `cloud` and without `nodes` takes from it what nobody should type twice: nodes, their network, the
endpoint.
"""

import json
from ipaddress import IPv4Address, IPv4Network
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nightfleet.site.faults import Fault

OUTPUT = "nightfleet"  # its name among the outputs
SCHEMA = 1


class Part(BaseModel):
    """What all parts share; a newer recipe may say more."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class CloudVolume(Part):
    """One disk of a node, as Cinder knows it."""

    id: str
    size: int  # GiB

    @property
    def disk(self) -> str:
        """What the node calls it in /dev/disk/by-id, as a pattern.

        KVM shows the id as serial number, of which virtio keeps 20 characters: virtio-57daf40b-5eeb-5e08-b,
        scsi-0QEMU_QEMU_HARDDISK_57daf40b-5eeb-5e08-b, scsi-SQEMU_QEMU_HARDDISK_ and the whole id.
        """
        return f"*[-_]{self.id[:20]}*"


class CloudNode(Part):
    """One machine that Terraform made."""

    role: Literal["control_plane", "worker", "registry"]
    class_: str = Field(alias="class")
    address: IPv4Address
    instance_id: str = ""
    volumes: dict[str, CloudVolume] = Field(default_factory=dict)


class CloudShare(Part):
    """One shared file system; `paths` are where it is mounted from."""

    id: str = ""
    protocol: Literal["CEPHFS", "NFS"]
    size: int  # GiB
    paths: tuple[str, ...] = ()


class Handover(Part):
    """Everything that a site takes over from Terraform."""

    schema_: Literal[1] = Field(alias="schema")
    name: str
    network: IPv4Network
    endpoint: str | None = None  # host:port
    public_address: IPv4Address | None = None
    nodes: dict[str, CloudNode]
    shares: dict[str, CloudShare] = Field(default_factory=dict)


def read_handover(text: str) -> Handover:
    """Read what `terraform output -json` says. ValueError says what is wrong with it."""
    try:
        outputs = json.loads(text)
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from error
    if not isinstance(outputs, dict) or OUTPUT not in outputs:
        raise ValueError(f"there is no output {OUTPUT!r}; was anything applied?")
    value = outputs[OUTPUT].get("value", {})
    if value.get("schema") != SCHEMA:
        raise ValueError(f"schema {value.get('schema')!r} of the output; this nightfleet reads {SCHEMA}")
    try:
        return Handover.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg'].lower()}") from error


def node_ranges(handover: Handover) -> dict[str, Any]:
    """Return the site's `nodes`, control planes first: the cluster begins at the first of them."""
    ranks = {"control_plane": 0, "registry": 1, "worker": 2}
    ordered = sorted(handover.nodes.items(), key=lambda item: (ranks[item[1].role], item[0]))
    return {
        name: {"address": str(node.address), "roles": [node.role], "class": node.class_}
        for name, node in ordered
    }


def joined(data: dict[str, Any], handover: Handover) -> dict[str, Any]:
    """Return a site file's content with what Terraform knows; what the file says itself stays."""
    network = data.get("network")
    kubernetes = data.get("kubernetes")
    filled = {**data, "nodes": node_ranges(handover)}
    if isinstance(network, dict):
        filled["network"] = {"nodes": str(handover.network), **network}
    shared = isinstance(data.get("endpoint"), dict) and data["endpoint"].get(
        "virtual_address"
    )  # held by the nodes themselves
    if handover.endpoint and not shared and isinstance(kubernetes, dict | None):
        filled["kubernetes"] = {"endpoint": handover.endpoint, **(kubernetes or {})}
    return filled


def missing(path: str, why: str) -> Fault:
    """Say that the nodes are not known yet, and how they become so."""
    return Fault(
        f"there is no section 'nodes', and {path} does not tell them: {why}",
        ("cloud", "outputs"),
        "nightfleet cloud apply makes the machines and records them; by hand: terraform output -json",
    )
