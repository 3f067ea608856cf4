"""What labs leave visible on a machine, each trace with the lab that it belongs to."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from nightfleet.lab import mounts, sysctls
from nightfleet.lab.layout import CGROUPS, LOCKS, STATE
from nightfleet.lab.machine import interfaces

PREFIX = "nightfleet-lab-"
BESIDE = "nfvm"  # lines of VMs, whose tier runs beside this one
NSPAWN = Path("/run/systemd/nspawn/propagate")


@dataclass(frozen=True, slots=True)
class Trace:
    """One thing on the machine; `lab` is empty for what labs share."""

    kind: str
    what: str
    lab: str = ""


def labs() -> set[str]:
    """Return the labs that are on this machine."""
    return {path.name for path in STATE.glob("[!.]*")}


def left_behind(before: set[Trace], after: set[Trace], others: set[str]) -> set[Trace]:
    """Return what was added; what belongs to labs of others may come and go, and so may what they share."""
    return {one for one in after - before if one.lab not in others and (one.kind != "setting" or not others)}


def traces() -> set[Trace]:
    """Look at everything a lab touches."""
    return {
        *(Trace("mount", str(one.point), lab_of(one.point)) for one in mounts.below(STATE)),
        *(Trace("loop device", str(image), lab_of(image)) for _, image in mounts.loops()),
        *_network(),
        *_processes(),
        *_files(),
        *(Trace("setting", f"{key}={value}") for key, value in _settings().items()),
    }


def lab_of(path: Path) -> str:
    return path.relative_to(STATE).parts[0] if path.is_relative_to(STATE) else ""


def _network() -> set[Trace]:
    found = interfaces()
    alias = {one.name: one.alias.removeprefix("nightfleet lab ") for one in found}
    tables = json.loads(subprocess.check_output(["nft", "-json", "list", "ruleset"]))["nftables"]
    return {
        *(
            Trace("interface", one.name, alias.get(one.master or one.name, ""))
            for one in found
            if not one.name.startswith(BESIDE)
        ),
        *(
            Trace("firewall table", item["table"]["name"], item["table"]["name"].removeprefix(PREFIX))
            for item in tables
            if "table" in item
        ),
        *(
            Trace(
                "firewall rule",
                json.dumps(item["rule"]["expr"]),
                item["rule"]["comment"].removeprefix("nightfleet lab "),
            )
            for item in tables
            if "rule" in item and "comment" in item["rule"]
        ),
    }


def _processes() -> set[Trace]:
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_text(errors="replace").split("\0")
            groups = (entry / "cgroup").read_text().replace(".scope", "").split("/")
        except (FileNotFoundError, ProcessLookupError):
            continue
        below = {word[word.index(f"{STATE}/") :] for word in words if f"{STATE}/" in word}
        owners = {lab_of(Path(path)) for path in below} | {
            group.removeprefix(PREFIX).partition(".")[0] for group in groups if group.startswith(PREFIX)
        }
        found |= {Trace("process", f"{entry.name} {words[0]}", owner) for owner in owners}
    return found


def _files() -> set[Trace]:
    groups = {
        path.name.removesuffix(".scope")
        for pattern in ("", "*/", "*/*/")
        for path in CGROUPS.glob(f"{pattern}{PREFIX}*")
    }
    return {
        *(Trace("state", str(path), path.name) for path in STATE.glob("[!.]*")),
        *(Trace("lock", str(path), path.stem) for path in LOCKS.glob("*.lock") if path.stem != "machine"),
        *(Trace("control group", name, name.removeprefix(PREFIX).partition(".")[0]) for name in groups),
        *(Trace("nspawn", path.name, _longest_lab(path.name)) for path in NSPAWN.glob("*")),
    }


def _longest_lab(machine: str) -> str:
    """Return the lab of a machine called LAB-HOST."""
    return max((lab for lab in labs() if machine.startswith(f"{lab}-")), key=len, default="")


def _settings() -> dict[str, str]:
    """Kernel settings; while another lab runs, the machine keeps what it needs."""
    keys = (
        *sysctls.KNOWN,
        "fs/protected_regular",
        "fs/protected_fifos",
        "kernel/pid_max",
        "vm/max_map_count",
    )
    return {key: (sysctls.PROC / key).read_text().strip() for key in keys}
