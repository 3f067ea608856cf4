"""What `terraform plan -json` and `apply -json` say, line by line. Pure.

The lines are https://developer.hashicorp.com/terraform/internals/machine-readable-ui; what is not
understood is passed over, because every version says more. Nothing of a resource but its address is kept:
lines may hold secrets.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Said(StrEnum):
    """Kinds of lines that matter."""

    STARTED = "apply_start"
    PROGRESS = "apply_progress"
    DONE = "apply_complete"
    FAILED = "apply_errored"
    READ = "refresh_complete"
    PLANNED = "planned_change"
    FAULT = "diagnostic"


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `seconds` is how long the resource took; `fault` is set for errors only."""

    said: Said
    address: str = ""
    action: str = ""
    seconds: float = 0.0
    fault: str = ""


def read_line(text: str) -> Line | None:
    """Read one line; None for whatever is no news."""
    try:
        entry = json.loads(text)
        said = Said(entry.get("type", ""))
    except (ValueError, AttributeError):
        return None
    if said is Said.FAULT:
        return _fault(entry.get("diagnostic", {}))
    hook = entry.get("hook") or entry.get("change") or {}
    return Line(
        said,
        address=str((hook.get("resource") or {}).get("addr", "")),
        action=str(hook.get("action", "")),
        seconds=float(hook.get("elapsed_seconds") or 0),
    )


def _fault(diagnostic: dict[str, Any]) -> Line | None:
    if diagnostic.get("severity") != "error":
        return None
    summary = str(diagnostic.get("summary", "")).strip()
    detail = " ".join(str(diagnostic.get("detail", "")).split())
    words = f"{summary}: {detail}" if detail and detail != summary else summary
    return Line(Said.FAULT, address=str(diagnostic.get("address", "")), fault=words)


def faults(lines: Iterable[Line]) -> tuple[str, ...]:
    """Return every error once, with the resource that it is about."""
    found = [f"{line.address}: {line.fault}" if line.address else line.fault for line in lines if line.fault]
    return tuple(dict.fromkeys(found))


def hint_for(words: Iterable[str]) -> str:
    """Return the way out of an error that people meet; "" when nobody knows it."""
    text = " ".join(words).lower()
    for mark, hint in HINTS.items():
        if mark in text:
            return hint
    return "run the same command again: what was made is kept, the rest is made"


HINTS = {
    "state lock": "another apply is still running, or one was killed on another machine; see `ps`, then"
    " terraform force-unlock ID",
    "plugin": "nightfleet cloud init; without a way to the registry the provider must lie in a local folder"
    " (docs/guide/openstack.md)",
    "failed to query available provider": "without a way to the registry the provider must lie in a local"
    " folder (docs/guide/openstack.md)",
    "required plugins": "nightfleet cloud init",
    "backend initialization required": "nightfleet cloud init",
    "backend configuration changed": "nightfleet cloud init --migrate-state takes the state along",
    "approval for state migration": "a state lies here already:"
    " nightfleet cloud init --migrate-state takes it along",
    "quota exceeded": "nightfleet cloud doctor shows what is left; ask the cloud for more, or plan smaller",
    "quotaexceeded": "nightfleet cloud doctor shows what is left; ask the cloud for more, or plan smaller",
    "already allocated": "something outside of Terraform's state has this address; nightfleet cloud apply"
    " adopts what one that broke off left behind, else see `openstack port list`",
    "query returned no results": "the cloud has nothing of a name in terraform.tfvars:"
    " `openstack image list`, `openstack flavor list`, `openstack network list --external`",
    "no suitable endpoint": "this cloud does not have that service: see nightfleet cloud doctor",
    "authentication": "nightfleet cloud doctor says what is wrong with the credentials",
    "no valid host": "the cloud has no room for such a machine now; another flavor or zone, or a lease",
}
