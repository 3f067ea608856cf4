"""A Terraform plan as JSON (`terraform show -json FILE`): what would happen to which resource. Pure.

The format is https://developer.hashicorp.com/terraform/internals/json-format, major version 1; OpenTofu
writes the same. A plan that could not be finished says `errored`, and nobody should judge half of it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from nightfleet.cloud.kinds import INSTANCE
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
class Machine:
    """One server of the state before the plan: the name and addresses that the cloud knows it by."""

    id: str
    name: str
    addresses: frozenset[str] = frozenset()
    ports: frozenset[str] = frozenset()


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
    old_stays: bool = (
        False  # of a replacement: the old one is there until the new one is (create_before_destroy)
    )
    taken_over: bool = False  # exists, and comes into the state by an `import` block
    machine: Machine | None = None  # that it is, or belongs to

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
    machines = tuple(read_machines(document))
    return tuple(
        read_change(one, machines) for one in document["resource_changes"] if one["mode"] == "managed"
    )


def resources_of(state: object) -> Iterator[Mapping[str, Any]]:
    """Yield every managed resource of a state, those of its modules too."""
    if isinstance(state, Mapping):
        if isinstance(state.get("values"), Mapping) and state.get("mode") == "managed":
            yield state
        for inner in state.values():
            yield from resources_of(inner)
    elif isinstance(state, list):
        for inner in state:
            yield from resources_of(inner)


def read_machines(document: Mapping[str, Any]) -> Iterator[Machine]:
    """Yield the servers of the state that a plan began with."""
    for one in resources_of(document.get("prior_state")):
        if one.get("type") == INSTANCE:
            yield machine_of(one["values"])


def machine_of(values: Mapping[str, Any]) -> Machine:
    """Read one server as the provider writes it."""
    networks = values.get("network") or ()
    addresses = {values.get("access_ip_v4"), *(one.get("fixed_ip_v4") for one in networks)}
    return Machine(
        str(values.get("id") or ""),
        str(values.get("name") or ""),
        frozenset(str(one) for one in addresses if one),
        frozenset(str(one["port"]) for one in networks if one.get("port")),
    )


def belonging(kind: str, before: Mapping[str, Any], machines: Sequence[Machine]) -> Machine | None:
    """Return the server that a resource is, hangs on (a volume's attachment) or is plugged into (a port)."""
    if kind == INSTANCE:
        return machine_of(before)
    server = before.get("instance_id") or before.get("device_id")
    return next((one for one in machines if one.id == server or before.get("id") in one.ports), None)


def read_change(entry: Mapping[str, Any], machines: Sequence[Machine] = ()) -> Change:
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
        old_stays=action is Action.REPLACE and change["actions"][0] != "delete",
        taken_over="importing" in change,
        machine=belonging(entry["type"], before, machines) if before else None,
    )


def action_of(actions: Sequence[str]) -> Action:
    """`["delete", "create"]`, in either order, is a replacement."""
    if set(actions) >= {"delete", "create"} or set(actions) >= {"forget", "create"}:
        return Action.REPLACE
    return Action.NOTHING if actions == ["no-op"] else Action(actions[0])


def key_of(entry: Mapping[str, Any]) -> str:
    """Return the for_each key of a resource, or of the module that it is in. A count's number is no name."""
    if isinstance(entry.get("index"), str):
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
