"""The site model: site.yaml -> Site -> Nodes. Pure: reads one file, touches nothing else."""

from nightfleet.site.checks import warn
from nightfleet.site.classes import Kind, NodeClass
from nightfleet.site.faults import Fault, SiteError
from nightfleet.site.load import load_site
from nightfleet.site.model import Site
from nightfleet.site.network import Cni
from nightfleet.site.nodes import Node, Role
from nightfleet.site.versions import check_versions

__all__ = [
    "Cni",
    "Fault",
    "Kind",
    "Node",
    "NodeClass",
    "Role",
    "Site",
    "SiteError",
    "check_versions",
    "load_site",
    "warn",
]
