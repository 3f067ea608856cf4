"""network, decided: routes and CNI configuration, or Cilium's chart and values. Pure."""

from dataclasses import dataclass
from pathlib import Path

from deploys.hostops.wanted import File, Install, Unit
from nightfleet.depot.model import Index
from nightfleet.errors import NightfleetError
from nightfleet.site import Node, Site

TEMPLATES = Path(__file__).parent / "templates"
CHART = "cilium-chart"
VALUES = "/etc/nightfleet/cilium-values.yaml"


@dataclass(frozen=True, slots=True)
class Routed:
    """Files and units of the routed network."""

    files: tuple[File, ...]
    units: tuple[Unit, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Cilium: what is installed on the first control plane, and what helm is told."""

    installs: tuple[Install, ...]
    files: tuple[File, ...]
    folder: str
    version: str


def plan(site: Site, node: Node) -> Routed:
    """Decide the routed network of `node`. Every node knows every other one's share of the pod network."""
    routes = "".join(
        f"route replace {other.pod_cidr} via {other.address}\n"
        for other in site.fleet
        if other.name != node.name
    )
    files = (
        File.from_template(
            "/etc/cni/net.d/10-nightfleet.conflist", TEMPLATES / "routed.conflist.j2", subnet=node.pod_cidr
        ),
        File("/etc/nightfleet/routes", routes),
        File.from_template("/etc/nightfleet/pods.nft", TEMPLATES / "pods.nft.j2", pods=site.network.pods),
        File(
            "/etc/systemd/system/nightfleet-routes.service",
            (TEMPLATES / "nightfleet-routes.service").read_text(encoding="utf-8"),
        ),
    )
    reads = tuple(file.path for file in files[1:])
    return Routed(files, (Unit("nightfleet-routes.service", reads=reads),))


def refusals(site: Site, index: Index, arch: str) -> list[str]:
    """Say why Cilium cannot be applied, with the way out."""
    try:
        plan_chart(site, index, arch)
    except NightfleetError as error:
        return [str(error).replace("\n", " ")]
    return []


def plan_chart(site: Site, index: Index, arch: str) -> Chart:
    """Decide Cilium's chart. NightfleetError when chart or helm are not in the depot."""
    version = site.artifacts.cilium_chart
    chart = Install(index.artifact(CHART, version, arch), {})
    helm = Install(index.artifact("helm", site.artifacts.helm, arch), {"/usr/local/bin/helm": "helm"})
    return Chart((helm, chart), (File(VALUES, values(site), 0o644),), f"{chart.folder}/cilium", version)


def values(site: Site) -> str:
    """Render the chart's values."""
    host, _, port = site.endpoint.rpartition(":")
    return File.from_template(
        VALUES,
        TEMPLATES / "cilium-values.yaml.j2",
        name=site.kubernetes.name,
        api_host=host,
        api_port=port,
        pods=site.network.pods,
        operators=min(2, len(site.fleet)),
    ).content
