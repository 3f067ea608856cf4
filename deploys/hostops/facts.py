"""Questions to a host; each is one command, whatever the number of paths, units or packages."""

import shlex
from collections.abc import Sequence
from typing import Any

from pyinfra.api.exceptions import FactProcessError
from pyinfra.api.facts import FactBase

from deploys.hostops import state
from deploys.hostops.machine import RECORD, TOUCHED, Machine, parse_machine

MACHINE = f"""
. /etc/os-release
echo "os=$ID"; echo "release=$VERSION_ID"; echo "arch=$(dpkg --print-architecture)"
echo "kernel=$(uname -r)"; echo "hostname=$(cat /proc/sys/kernel/hostname)"
echo "clock=$(date +%s.%N)"; echo "cgroup=$(stat -fc %T /sys/fs/cgroup)"
echo "capabilities=$(sed -n 's/^CapBnd:[[:space:]]*//p' /proc/1/status)"
echo "memory_kib=$(sed -n 's/^MemTotal:[^0-9]*\\([0-9]*\\).*/\\1/p' /proc/meminfo)"
echo "systemd=$(cat /proc/1/comm)"
for d in / /var/lib/containerd /var/lib/kubelet; do
  [ -d "$d" ] && echo "free=$d $(stat -fc '%a %S' "$d")"
done
sed 1d /proc/swaps | sed 's/^/swap=/'
[ ! -e /usr/bin/containerd ] || echo runtime=/usr/bin/containerd
[ ! -s {RECORD} ] || echo remembered=yes
for f in {" ".join(TOUCHED)}; do [ ! -e $f ] || {{ echo touched=yes; break; }}; done
true
"""

# kind, mode, owner, group, ctime, link target, path; missing paths are not worth a word
PRINT = r"-printf '%y\t%m\t%u\t%g\t%C@\t%l\t%p\n' 2>/dev/null"


class HostFact(FactBase[Any]):
    """A parse error fails its host alone; any other exception would end the run for all (pyinfra)."""

    abstract = True

    def parse(self, output: list[str]) -> Any:
        raise NotImplementedError(type(self).__name__)

    def process(self, output: list[str]) -> Any:
        try:
            return self.parse(output)
        except (ValueError, KeyError, IndexError) as error:
            raise FactProcessError(f"{type(self).__name__}: {error!r} in {output[:3]}") from error


class MachineFact(HostFact):
    """What the machine is: system, clock, capabilities, free space, swap."""

    def command(self) -> str:
        return MACHINE

    def parse(self, output: list[str]) -> Machine:
        return parse_machine(output)


class Paths(HostFact):
    """State of some paths; those that do not exist are missing from the answer."""

    @staticmethod
    def default() -> dict[str, state.PathState]:
        return {}

    def command(self, paths: Sequence[str]) -> str:
        quoted = " ".join(shlex.quote(path) for path in paths)
        # only files: what a link leads to may be large, and is not asked for
        sums = f"find {quoted} -maxdepth 0 -type f -exec sha256sum {{}} + 2>/dev/null"
        return f"find {quoted} -maxdepth 0 {PRINT}; {sums}; true"

    def parse(self, output: list[str]) -> dict[str, state.PathState]:
        return state.parse_paths(output)


class Units(HostFact):
    """State of some units, and of the files that their processes read."""

    @staticmethod
    def default() -> tuple[dict[str, state.UnitState], dict[str, state.PathState]]:
        return {}, {}

    def command(self, units: Sequence[str], reads: Sequence[str] = ()) -> str:
        show = (
            "systemctl show --timestamp=us+utc --property="
            "Id,LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,ExecMainStartTimestamp "
            + " ".join(shlex.quote(unit) for unit in units)
        )
        quoted = " ".join(shlex.quote(path) for path in reads)
        return show + (f"; echo; find {quoted} -maxdepth 1 {PRINT}; true" if reads else "")

    def parse(self, output: list[str]) -> tuple[dict[str, state.UnitState], dict[str, state.PathState]]:
        return (
            state.parse_units(line for line in output if "\t" not in line),
            state.parse_paths(line for line in output if "\t" in line),
        )


class Packages(HostFact):
    """Installed versions of some packages; those that are not installed are missing."""

    @staticmethod
    def default() -> dict[str, str]:
        return {}

    def command(self, packages: Sequence[str]) -> str:
        quoted = " ".join(shlex.quote(name) for name in packages)
        form = r"'${Package}\t${db:Status-Abbrev}\t${Version}\n'"
        return f"dpkg-query -W -f {form} {quoted} 2>/dev/null; true"

    def parse(self, output: list[str]) -> dict[str, str]:
        return state.parse_packages(output)


class PackageManager(HostFact):
    """Who holds the locks of the package manager now, such as `apt-get (pid 812)`; empty when nobody does."""

    @staticmethod
    def default() -> str:
        return ""

    def command(self) -> str:
        # by open files, not by inodes: on an overlay, /proc/locks has another number than stat
        return (
            "for pid in $(sed -n 's/^[0-9]*: POSIX  *[A-Z]*  *[A-Z]* \\([0-9]*\\) .*/\\1/p' /proc/locks"
            " | sort -u); do for fd in /proc/$pid/fd/*; do case $(readlink $fd) in"
            " /var/lib/dpkg/lock-frontend|/var/lib/dpkg/lock|/var/lib/apt/lists/lock)"
            ' echo "$(cat /proc/$pid/comm 2>/dev/null) (pid $pid)"; break ;; esac; done; done'
        )

    def parse(self, output: list[str]) -> str:
        return output[0]
