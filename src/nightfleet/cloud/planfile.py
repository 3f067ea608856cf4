"""A Terraform plan as JSON (`terraform show -json FILE`): what would happen to which resource. Pure.

The format is https://developer.hashicorp.com/terraform/internals/json-format, major version 1; OpenTofu
writes the same. A plan that could not be finished says `errored`, and nobody should judge half of it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from nightfleet.errors import NightfleetError

MAJOR = "1"
BECAUSE_EACH_KEY = "delete_because_each_key"
_KEY = re.compile(r'\["((?:[^"\\]|\\.)*)"\]$')


class Action(StrEnum):
    """What Terraform would do to one resource."""

    NOTHING = "nothing"
    READ = "read"
    CREATE = "create"
    UPDATE = "update"  # in place, by the provider's words; see harm.py for what that means on OpenStack
    REPLACE = "replace"
    DELETE = "delete"
    FORGET = "forget"


@dataclass(frozen=True, slots=True)
class Change:
    """One resource of a plan. `key` is its own for_each key; `changed` are attributes that differ."""

    address: str
    type: str
    action: Action
    key: str = ""
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    forced_by: tuple[str, ...] = ()  # attributes that make Terraform replace it
    reason: str = ""
    moved_from: str = ""
    taken_over: bool = False  # exists, and comes into the state by an `import` block

    @property
    def goes(self) -> bool:
        """Whether the thing that exists now is taken away."""
        return self.action in (Action.DELETE, Action.REPLACE)

    @property
    def name(self) -> str:
        """The name that the cloud knows it by, while there is one."""
        return str(self.before.get("name") or self.after.get("name") or self.key)


def read_plan(document: Mapping[str, Any], where: str = "plan") -> tuple[Change, ...]:
    """Return every managed resource of a plan. NightfleetError when the document is no whole plan."""
    version = str(document.get("format_version", ""))
    if version.partition(".")[0] != MAJOR or "resource_changes" not in document:
        if version.partition(".")[0] == MAJOR and not document.get("errored"):
            return ()  # Terraform leaves the list out when there is nothing at all
        raise NightfleetError(
            f"this is no plan: format_version is {version!r}",
            where,
            "made by `terraform show -json FILE` from a file of `terraform plan -out=FILE`",
        )
    if document.get("errored"):
        raise NightfleetError("the plan ended in an error and is not whole", where, "see what plan said")
    return tuple(read_change(one) for one in document["resource_changes"] if one["mode"] == "managed")


def read_change(entry: Mapping[str, Any]) -> Change:
    """Read one entry of `resource_changes`."""
    change = entry["change"]
    before, after = change.get("before") or {}, change.get("after") or {}
    unknown = change.get("after_unknown") or {}
    action = action_of(change["actions"])
    return Change(
        address=entry["address"],
        type=entry["type"],
        action=action,
        key=key_of(entry),
        before=MappingProxyType(before),
        after=MappingProxyType(after),
        changed=differing(before, after, unknown) if before and after else (),
        forced_by=tuple(dict.fromkeys(path_text(path) for path in change.get("replace_paths", []))),
        reason=entry.get("action_reason", ""),
        moved_from=entry.get("previous_address", ""),
        taken_over="importing" in change,
    )


def action_of(actions: Sequence[str]) -> Action:
    """`["delete", "create"]`, in either order, is a replacement."""
    if set(actions) >= {"delete", "create"} or set(actions) >= {"forget", "create"}:
        return Action.REPLACE
    return Action.NOTHING if actions == ["no-op"] else Action(actions[0])


def key_of(entry: Mapping[str, Any]) -> str:
    """Return the for_each key of a resource, or of the module that it is in."""
    if entry.get("index") is not None:
        return str(entry["index"])
    found = _KEY.search(str(entry.get("module_address", "")))
    return found.group(1) if found else ""


def differing(
    before: Mapping[str, Any], after: Mapping[str, Any], unknown: Mapping[str, Any]
) -> tuple[str, ...]:
    """Return the attributes that would change; one that is known only after the apply may change."""
    names = sorted({*before, *after, *unknown})
    return tuple(
        name
        for name in names
        if not _computed(name) and (unknown.get(name) is True or before.get(name) != after.get(name))
    )


def _computed(name: str) -> bool:
    """Tell attributes that the provider fills in after any change."""
    return name.startswith(("all_", "access_ip")) or name in {"updated", "created", "id", "attachment"}


def path_text(path: Sequence[Any]) -> str:
    """`["block_device", 0, "uuid"]` -> block_device[0].uuid."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
