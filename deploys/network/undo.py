"""network, taken back: routes, the bridge of the pods and its masquerade; Cilium's traces on its hosts."""

from pathlib import Path

from deploys.hostops import take_back

TRACES = (
    "/etc/cni/net.d/*nightfleet*",
    "/etc/nightfleet/routes",
    "/etc/nightfleet/pods.nft",
    "/etc/systemd/system/nightfleet-routes.service",
    "/etc/nightfleet/cilium-values.yaml",
    "/opt/nightfleet/cilium-chart",
)
SCRIPT = (Path(__file__).parent / "templates" / "undo.sh").read_text(encoding="utf-8")


def undo() -> None:
    """Take the node's part of the pod network away; its pods are gone by then."""
    take_back(name="Take back the pod network", traces=TRACES, script=SCRIPT)
