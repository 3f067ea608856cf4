"""`nightfleet lab up`: artifacts, hosts, cluster, proof; and what a person sees at the end."""

import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nightfleet import depot
from nightfleet.cli.depot_progress import progress
from nightfleet.cli.reporting import print_report
from nightfleet.cli.watch import watching
from nightfleet.converge import ConvergeReport, converge
from nightfleet.errors import NightfleetError
from nightfleet.home import state_dir
from nightfleet.lab.cluster import ClusterView, look
from nightfleet.lab.services import start_service
from nightfleet.site import Site


def fetch(site: Site) -> None:
    """Have every artifact of the site in the local depot; install what building them needs."""
    wanted = wanted_by(site)
    if missing := depot.packages_to_install(wanted):
        print(f"installing {' '.join(missing)}", file=sys.stderr)
        depot.install_packages(missing)
    with progress() as on_event:
        depot.fetch(wanted, on_event=on_event)


def wanted_by(site: Site) -> list[depot.Wanted]:
    """Return what the nodes of a site may install, images included."""
    versions = site.artifacts
    lock = depot.load_lock()
    return list(
        dict.fromkeys(
            one
            for kubernetes in sorted({versions.kubernetes, *(node.kubernetes for node in site.fleet)})
            for one in lock.default_set(
                kubernetes=kubernetes,
                containerd=versions.containerd,
                runc=versions.runc,
                cni_plugins=versions.cni_plugins,
            )
        )
    )


def serve(site: Site) -> bool:
    """Serve the depot to the hosts for as long as the lab is there; whether it had to be started."""
    if site.lab is None or site.artifacts.depot is None:
        return False
    address = site.artifacts.depot.removeprefix("http://").rstrip("/")
    program = Path(sys.executable).with_name("nightfleet")
    return start_service(site.site, "depot", [str(program), "depot", "serve", "--bind", address])


def raise_cluster(site: Site) -> ConvergeReport:
    """Converge the hosts and let the person at the terminal watch."""
    with watching(Console(stderr=True)) as watcher:
        return converge(site, on_event=watcher)


def seen(site: Site, report: ConvergeReport) -> ClusterView | None:
    """Ask the cluster how it is; None when it does not answer, and the report says why."""
    try:
        return look(site)
    except NightfleetError:
        if report.unfinished:
            return None
        raise


def show(site: Site, report: ConvergeReport) -> None:
    """Print the nodes, the proof, and what to try next; for a run that went wrong, its report."""
    console = Console(highlight=False)
    if report.unfinished:
        print_report(console, report)
    view = seen(site, report)
    if view is None:
        return
    seconds = {node.name: node.seconds for node in report.nodes}
    table = Table("node", "role", "address", "version", "Ready", "imagefs", "nodefs", "time", box=None)
    for node in view.nodes:
        colour = "green" if node.ready == "True" else "bold red"
        table.add_row(
            Text(node.name, style="bold"),
            ", ".join(node.roles),
            node.address,
            node.version,
            Text(node.ready, style=colour),
            gibibytes(node.imagefs),
            gibibytes(node.nodefs),
            f"{seconds[node.name]:.1f} s" if node.name in seconds else "",
        )
    console.print(table)
    if view.proofs:
        console.print(f"\n[bold]proof[/bold] of {view.proven_at}")
    for proof in view.proofs:
        console.print(f"  [green]✓[/green] {proof.worker}: pod {proof.pod} runs here at {proof.address}")
        pulled = proof.pulled.partition(" (")[0].removeprefix("Successfully ").replace('"', "")
        way = (
            "through the lab's registry" if proof.mirrored else "[bold red]past the lab's registry[/bold red]"
        )
        peers = proof.peers or "no other worker"
        for line in (f"{pulled}, {way}", f"resolved {proof.service}, talked to the pod on {peers}"):
            console.print(f"    {line}", soft_wrap=True)
    changes = f"{report.changes} changes" if report.changes else "0 changes: all was as the site says"
    console.print(f"\n[bold]{changes}[/bold], {report.seconds:.1f} s")
    for line in next_steps(site):
        console.print(line, soft_wrap=True)


def next_steps(site: Site) -> list[str]:
    """Return the commands that a newcomer would want now."""
    first = site.first_control_plane.name
    kubeconfig = state_dir(site.site) / "kubeconfig"
    kubectl = (
        f"kubectl --kubeconfig {kubeconfig} get pods -A"
        if shutil.which("kubectl")
        else f"nightfleet lab ssh {first} -- kubectl --kubeconfig /etc/kubernetes/admin.conf get pods -A"
    )
    where = "" if site.site == "lab" else f" --site {site.site}"
    return [
        "next:",
        f"  {kubectl}",
        f"  nightfleet verify{where}            # every check, by another way than the deploy used",
        f"  nightfleet plan{where}              # what a converge would change: nothing",
        f"  nightfleet lab down{where}          # leaves nothing behind",
    ]


def gibibytes(size: int | None) -> str:
    """`8.0 GiB`, or a question mark for what is unknown."""
    return "?" if size is None else f"{size / 2**30:.1f} GiB"


def as_json(report: ConvergeReport, view: ClusterView | None) -> dict[str, Any]:
    """Return what a machine may read; `cluster` is null where it does not answer."""
    return {"converge": report.model_dump(mode="json"), "cluster": asdict(view) if view else None}
