"""A site file without `nodes`: what Terraform said of its machines, from the file beside it."""

from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from nightfleet.site.cloud import Cloud
from nightfleet.site.faults import Fault
from nightfleet.site.handover import CloudNode, Handover, joined, missing, read_handover

STAND_IN = "not-made-yet"  # the node of a site before its first apply
TESTING = "198.18.0.0/24"  # a network for tests between networks (RFC 2544): nobody's own


@dataclass(frozen=True, slots=True)
class Made:
    """A site file's content with what was taken over, or why nothing was."""

    data: dict[str, Any]
    path: Path
    stamp: tuple[int, int]
    handover: Handover | None = None
    faults: tuple[Fault, ...] = ()


def made_by_terraform(data: dict[str, Any], site: Path, before: bool = False) -> Made | None:
    """Return the content of a site file with Terraform's nodes; None when it has nodes of its own.

    `before` the first apply a stand-in takes their place, so that the rest of the file can be checked.
    """
    section = data.get("cloud")
    if not isinstance(section, dict) or "nodes" in data:
        return None
    name = section.get("outputs", Cloud.model_fields["outputs"].default)
    path = outputs_path(str(name), site)
    try:
        handover = read_handover(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        why = error.strerror or str(error) if isinstance(error, OSError) else str(error)
        if before and not path.exists():
            return Made(before_it_is_made(data), path, stamp(path))
        return Made(data, path, stamp(path), faults=(missing(str(name), why),))
    return Made(joined(data, handover), path, stamp(path), handover)


def outputs_path(name: str, site: Path) -> Path:
    """Resolve the file of outputs as every file of a site is: ~ is the home, else it lies beside."""
    path = Path.home() / name[2:] if name.startswith("~/") else Path(name)
    return path if path.is_absolute() else site.parent / path


def before_it_is_made(data: dict[str, Any]) -> dict[str, Any]:
    """Return a site file's content with the stand-in, which has every role that the file counts on."""
    filled = joined(data, stand_in(data))
    if isinstance(registry := data.get("registry"), dict) and registry.get("projects"):
        filled["nodes"][STAND_IN]["roles"].append("registry")
    return filled


def stand_in(data: dict[str, Any]) -> Handover:
    """Return one control plane that nobody has made, in the site's own network and first class."""
    network, classes = data.get("network"), data.get("classes")
    said = network.get("nodes") if isinstance(network, dict) else None
    try:
        nodes = IPv4Network(str(said or TESTING))
    except ValueError:  # the models say so
        nodes = IPv4Network(TESTING)
    first = next(iter(classes), "") if isinstance(classes, dict) else ""
    node = CloudNode(role="control_plane", class_=str(first), address=nodes[min(10, nodes.num_addresses - 2)])
    return Handover(schema_=1, name=STAND_IN, network=nodes, nodes={STAND_IN: node})


def stamp(path: Path) -> tuple[int, int]:
    """Return what changes when a file is written anew; zeros when there is none."""
    try:
        stat = path.stat()
    except OSError:
        return 0, 0
    return stat.st_mtime_ns, stat.st_size


def same(made: Made | None) -> bool:
    """Tell whether the file of outputs is the one that was read."""
    return made is None or stamp(made.path) == made.stamp
