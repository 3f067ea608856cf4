"""Kernel settings that hosts share with the machine: kept before the first lab, put back after the last.

kubelet sets kernel.panic, vm.overcommit_memory and others; sysctl.d files in hosts set more. A container has
no copy of its own. Only what hosts are known or seen to set is put back: other changes are not a lab's.
"""

import contextlib
import json
from collections.abc import Iterable
from pathlib import Path

from nightfleet.lab.layout import MACHINE, STATE
from nightfleet.lab.process import replace

PROC = Path("/proc/sys")
SNAPSHOT = MACHINE / "sysctls.json"
_SHARED = ("kernel", "vm", "fs", "user")
_VOLATILE = ("kernel/random/", "kernel/ns_last_pid", "fs/binfmt_misc/")
KNOWN = (
    *("kernel/panic", "kernel/panic_on_oops", "kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes"),
    *("vm/overcommit_memory", "vm/panic_on_oom"),  # kubelet, --protect-kernel-defaults
    *("fs/inotify/max_user_instances", "fs/inotify/max_user_watches", "net/ipv4/ip_forward"),  # we do
)
# systemd, kubelet and containerd of all hosts watch files as one user: the kernel's defaults fit one host.
AT_LEAST = {"fs/inotify/max_user_instances": 8192, "fs/inotify/max_user_watches": 524288}


def remember() -> None:
    """Once, before anything is changed."""
    if not SNAPSHOT.exists():
        SNAPSHOT.parent.mkdir(parents=True, exist_ok=True)
        replace(SNAPSHOT, json.dumps(_read_all(), indent=1))


def _read_all() -> dict[str, str]:
    values = {}
    files = [file for top in _SHARED for file in (PROC / top).rglob("*") if file.is_file()]
    for file in [*files, PROC / "net/ipv4/ip_forward"]:
        key = str(file.relative_to(PROC))
        if file.stat().st_mode & 0o200 and not key.startswith(_VOLATILE):
            with contextlib.suppress(OSError, UnicodeDecodeError):
                values[key] = file.read_text().strip()
    return values


def raise_limits() -> None:
    for key, least in AT_LEAST.items():
        if int((PROC / key).read_text()) < least:
            (PROC / key).write_text(f"{least}\n")


def restore(keys: Iterable[str]) -> list[str]:
    """Put back what differs from the snapshot; returns the keys that were put back."""
    if not SNAPSHOT.exists():
        return []
    restored = []
    for key, value in to_restore(json.loads(SNAPSHOT.read_text()), set(keys)).items():
        file = PROC / key
        if file.exists() and file.read_text().split() != value.split():
            file.write_text(f"{value}\n")
            restored.append(key)
    SNAPSHOT.unlink()
    return restored


def to_restore(snapshot: dict[str, str], keys: set[str]) -> dict[str, str]:
    return {key: value for key, value in snapshot.items() if key in keys}


def keys_set_by_hosts() -> set[str]:
    """Those known, and those named in the sysctl.d files of any lab's hosts and of their base roots."""
    files = [
        file
        for root in (*STATE.glob("*/hosts/*/upper"), *STATE.glob("*/hosts/*/base"))
        for place in ("etc/sysctl.d", "usr/lib/sysctl.d", "run/sysctl.d", "usr/local/lib/sysctl.d")
        for file in (root / place).glob("*.conf")
        if file.is_file()
    ]
    return {*KNOWN, *(key for file in files for key in names(file.read_text(errors="replace")))}


def names(sysctl_conf: str) -> set[str]:
    """The keys that a sysctl.d file sets, as paths; see sysctl.d(5) for dots and slashes."""
    keys = set()
    for line in sysctl_conf.splitlines():
        key = line.partition("=")[0].strip().removeprefix("-")
        if "=" in line and not key.startswith(("#", ";")):
            first = next((character for character in key if character in "./"), ".")
            keys.add(key.translate(str.maketrans("./", "/.")) if first == "." else key)
    return keys
