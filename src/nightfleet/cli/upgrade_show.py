"""An upgrade's plan and report on a terminal, and the command to try next."""

import shlex

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nightfleet.converge.choose import fold
from nightfleet.home import DEFAULT_SITE
from nightfleet.upgrade.plan import Kind, Plan, Step
from nightfleet.upgrade.report import FINE, State, UpgradeReport

WORDS = {
    Kind.BACKUP: "copy etcd on a healthy control plane, and check the copy",
    Kind.IMAGES: "push the images of the new version into the registry",
    Kind.CONTROL_PLANE: "cordon, drain, kubeadm upgrade, kubelet, Ready, etcd healthy, uncordon",
    Kind.WORKERS: "cordon, drain, kubeadm upgrade node, kubelet, Ready, uncordon",
    Kind.PROOF: "prove that pods run, resolve names and reach each other",
}
STYLES = {
    State.DONE: "blue",
    State.UNCHANGED: "green",
    State.FAILED: "bold red",
    State.LEFT_OUT: "bold magenta",
    State.NOT_REACHED: "dim",
}


def show_plan(console: Console, plan: Plan, site: str) -> None:
    """Print what runs and what should, every refusal at once, or the steps; and the next command."""
    console.print(Text(f"Kubernetes {plan.running} -> {plan.target}", style="bold"))
    if plan.nothing_to_do:
        console.print("nothing to do: every node has the versions of the site file")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("step", "nodes", "what happens", "versions"):
        table.add_column(title)
    for number, step in enumerate(plan.steps, start=1):
        table.add_row(f"{number}. {step.kind}", fold(step.nodes), WORDS[step.kind], versions(plan, step))
    console.print(table)
    for warning in plan.warnings:
        console.print(Text(f"mind: {warning}", style="yellow"), soft_wrap=True)
    for name, why in plan.left_out.items():
        console.print(Text(f"left out: {name}: it {why}", style="bold magenta"), soft_wrap=True)
    for refusal in plan.refusals:
        console.print(Text(f"refused: {refusal.where}: {refusal.what}", style="bold red"), soft_wrap=True)
        console.print(Text(f"  hint: {refusal.hint}"), soft_wrap=True)
    if not plan.refusals:
        command = f"nightfleet upgrade run --to {plan.target}{at(site)}"
        console.print(Text.assemble("next: ", (command, "bold")), soft_wrap=True)


def versions(plan: Plan, step: Step) -> str:
    """Return the changes of a step's nodes, each once."""
    if step.kind not in (Kind.CONTROL_PLANE, Kind.WORKERS):
        return ""
    found = dict.fromkeys(str(change) for name in step.nodes for change in plan.changes[name])
    return ", ".join(found) or "to be finished"


def show_report(console: Console, report: UpgradeReport, site: str) -> None:
    """Print a row per node, what went wrong, and what to do next."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("node", "state", "versions", "time", "why"):
        table.add_column(title)
    for node in report.nodes:
        seconds = sum(phase.seconds for phase in node.phases)
        state = Text(node.state.replace("_", " "), style=STYLES[node.state])
        table.add_row(node.name, state, ", ".join(node.changes), f"{seconds:.1f} s", node.reason)
    console.print(table)
    for node in report.nodes:
        if node.hint:
            console.print(Text(f"{node.name}: {node.hint}"), soft_wrap=True)
    if report.stopped:
        console.print(Text(f"it stopped: {report.stopped}", style="bold red"), soft_wrap=True)
        console.print(Text(f"  hint: {report.hint}"), soft_wrap=True)
    done = sum(node.state in FINE for node in report.nodes)
    backup = f"; backup: {report.backup}" if report.backup else ""
    summary = f"{done} of {len(report.nodes)} nodes have their versions; {report.seconds:.1f} s{backup}"
    console.print(Text(summary, style="bold"), soft_wrap=True)
    again = f"nightfleet upgrade run --to {report.target}{at(site)}"
    command = again if report.unfinished or report.stopped else f"nightfleet verify{at(site)}"
    console.print(Text.assemble("next: ", (command, "bold")), soft_wrap=True)


def at(site: str) -> str:
    """Return the words that name a site on a command line."""
    return "" if site == DEFAULT_SITE else f" --site {shlex.quote(site)}"
