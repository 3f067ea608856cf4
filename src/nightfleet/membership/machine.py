"""The machine of a node, over ssh: is anything of ours on it, has it its record, what is it now."""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from nightfleet.cluster.ssh import Shell
from nightfleet.errors import NightfleetError
from nightfleet.home import home, state_dir
from nightfleet.membership.leave import Machine

RECORD = "/var/lib/nightfleet/fingerprint.txt"  # deploys/hostops/machine.py
TOUCHED = (
    "/opt/nightfleet",
    "/etc/nightfleet",
    "/etc/kubernetes/nightfleet",
    "/etc/sysusers.d/nightfleet.conf",
    "/etc/sysctl.d/90-nightfleet.conf",
    "/etc/systemd/system/chrony.service.d/nightfleet.conf",
)
SCRIPT = "deploys/hostops/templates/fingerprint.sh"
LOOK = (
    f"for f in {RECORD} {' '.join(TOUCHED)}; do [ ! -e $f ] || {{ echo touched; break; }}; done;"
    f" [ ! -s {RECORD} ] || echo record;"
    " for f in /etc/kubernetes/kubelet.conf /etc/kubernetes/manifests/*.yaml; do"
    " [ ! -e $f ] || { echo joined; break; }; done"
)


def look(shell: Shell, site: str, name: str) -> Machine:
    """Ask the machine; one that does not answer is an answer, too."""
    said = shell.run(name, LOOK, seconds=30)
    copy = copy_of(site, name).exists()
    if said.code != 0:
        return Machine(reached=False, why=said.why, copy=copy)
    words = said.out.split()
    return Machine(
        reached=True,
        touched="touched" in words,
        record="record" in words,
        copy=copy,
        joined="joined" in words,
    )


def belonging(shell: Shell, names: Iterable[str]) -> list[str]:
    """Return those machines that belong to a cluster; one that does not answer may."""
    said = shell.each(names, LOOK, seconds=30)
    return [name for name, one in said.items() if one.code != 0 or "joined" in one.out.split()]


def remember(shell: Shell, site: str, name: str) -> Path:
    """Bring the machine's record to the operator's, who keeps it when the machine is handed back."""
    text = shell.ask(name, f"cat {RECORD}")
    write(copy_of(site, name), text)
    return copy_of(site, name)


def recorded(site: str, name: str) -> str:
    """Return the record of what the machine was. NightfleetError when the operator has none."""
    try:
        return copy_of(site, name).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NightfleetError(
            "nobody wrote down what this machine was before it became a node",
            str(copy_of(site, name)),
            "without --prove it can leave all the same",
        ) from error


def fingerprint(shell: Shell, name: str) -> str:
    """Take the machine's record anew."""
    script = (home() / SCRIPT).read_text(encoding="utf-8")
    return shell.ask(name, "sh -s", stdin=script, seconds=120)


def copy_of(site: str, name: str) -> Path:
    """Return where the operator keeps the record of a machine."""
    return state_dir(site) / "fingerprints" / f"{name}.txt"


def write(path: Path, text: str) -> None:
    """Write a file that only the operator reads, by rename."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def write_json(path: Path, value: object) -> None:
    """Write what machines read."""
    write(path, json.dumps(value, indent=1) + "\n")
