"""A host as far as deploys can tell: it answers questions from a small state, and commands change it.

Nothing is executed. A command that it does not understand fails, so that a deploy which learns a new word
fails here until the toy is taught. State is kept between pyinfra processes in $TOY_STATE, a file per host.
"""

import base64
import hashlib
import io
import json
import os
import pickle
import re
import shlex
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

MEMBER = "/etc/kubernetes/nightfleet/member"
KUBELET = "/usr/local/bin/kubelet"
RECORD = "/var/lib/nightfleet/fingerprint.txt"
ADMIN_CONF = "/etc/kubernetes/admin.conf"
MACHINE = """os=debian
release=12
arch=amd64
kernel=6.1.0
cgroup=cgroup2fs
capabilities=000001ffffffffff
memory_kib=16000000
systemd=systemd
free=/ 100000000 4096"""
JOIN_COMMAND = (
    f"kubeadm join {os.environ.get('TOY_ENDPOINT', '10.90.0.1:6443')} --token abcdef.0123456789abcdef"
    f" --discovery-token-ca-cert-hash sha256:{'0' * 64}"
)
CERTIFICATE_KEY = "c" * 64


class NotUnderstoodError(Exception):
    """A command that no toy knows."""


class FailedError(Exception):
    """A command that fails on this host, with what it says."""


@dataclass
class Thing:
    """A path: f, l or d, as find prints it."""

    kind: str
    mode: str = "644"
    target: str = ""
    sha256: str = ""
    changed: float = field(default_factory=time.time)


@dataclass
class Toy:
    """One host. `heard` counts its commands: round trips of a real one."""

    name: str
    paths: dict[str, Thing] = field(default_factory=dict)
    packages: set[str] = field(default_factory=set)
    enabled: set[str] = field(default_factory=set)
    running: dict[str, float] = field(default_factory=dict)
    modules: set[str] = field(default_factory=set)
    sysctls: dict[str, str] = field(default_factory=dict)
    account: str = ""
    hostname: str = "installed"
    hosts: str = "127.0.0.1 localhost"
    images: dict[str, str] = field(default_factory=dict)
    labels: dict[str, dict[str, str]] = field(default_factory=dict)  # on the first control plane
    proof: str = ""
    heard: int = 0

    def hear(self, command: str, stdin: str = "") -> list[str]:
        """Answer a question or carry out a command."""
        self.heard += 1
        for mark, method in WORDS.items():
            if mark in command:
                return list(method(self, command, stdin) or ())
        raise NotUnderstoodError(command.splitlines()[0])

    # Questions

    def machine(self, *_: str) -> list[str]:
        ours = ["touched=yes"] if self.packages else []
        remembered = ["remembered=yes"] if RECORD in self.paths else []
        clock = f"clock={time.time()}"
        return [*MACHINE.splitlines(), f"hostname={self.hostname}", clock, *ours, *remembered]

    def remember(self, *_: str) -> None:
        self.paths[RECORD] = Thing("f", "600")

    def give_record(self, *_: str) -> list[str]:
        return ["format\tversion\t1", f"name\thost\t{self.hostname}"] if RECORD in self.paths else []

    def look_at_paths(self, command: str, _: str) -> Iterator[str]:
        names = shlex.split(command[len("find ") : command.index(" -maxdepth 0")])
        known = {name: self.paths[name] for name in names if name in self.paths}
        yield from (find_line(name, thing) for name, thing in known.items())
        yield from (f"{thing.sha256}  {name}" for name, thing in known.items() if thing.kind == "f")

    def look_at_packages(self, command: str, _: str) -> list[str]:
        asked = shlex.split(command.split("2>")[0])[4:]
        return [f"{name}\tii \t1.0" for name in asked if name in self.packages]

    def look_at_units(self, command: str, _: str) -> Iterator[str]:
        show, _, find = command.partition("; echo; find ")
        for unit in shlex.split(show)[4:]:
            started = self.running.get(unit)
            stamp = datetime.fromtimestamp(started or 0, UTC).strftime("%a %Y-%m-%d %H:%M:%S.%f UTC")
            yield from (
                f"Id={unit}",
                "LoadState=loaded",
                f"ActiveState={'active' if started else 'inactive'}",
                f"UnitFileState={'enabled' if unit in self.enabled else 'disabled'}",
                "NeedDaemonReload=no",
                f"ExecMainStartTimestamp={stamp if started else ''}",
                "",
            )
        for name in shlex.split(find.split(" -maxdepth 1")[0]) if find else ():
            inside = [path for path in self.paths if path == name or path.startswith(name + "/")]
            yield from (find_line(path, self.paths[path]) for path in inside)

    def look_at_kernel(self, command: str, _: str) -> Iterator[str]:
        yield from (f"module={name}" for name in self.modules)
        for path in re.findall(r"/proc/sys/(net|fs|vm|kernel)(/[\w./-]+)", command):
            name = "".join(path).replace("/", ".")
            yield f"sysctl=/proc/sys/{''.join(path)}={self.sysctls.get(name, '0')}"
        if self.account:
            yield f"account={self.account}:x:999:999::/var/lib/{self.account}:/bin/sh"

    def look_at_names(self, *_: str) -> list[str]:
        return [f"name={self.hostname}", *self.hosts.splitlines()]

    def look_at_swap(self, *_: str) -> None:
        return None

    def look_at_membership(self, *_: str) -> list[str]:
        kubelet = self.paths.get(KUBELET, Thing("l")).target
        return [*(path for path in self.paths if path.startswith("/etc/kubernetes")), kubelet]

    def give_ticket(self, command: str, _: str) -> list[str]:
        if MEMBER not in self.paths:
            return []
        return [JOIN_COMMAND, *([CERTIFICATE_KEY] if "upload-certs" in command else [])]

    def look_at_etcd(self, *_: str) -> list[str]:
        if MEMBER not in self.paths:
            return []
        names = sorted(name for name in members() if ADMIN_CONF in toy(name).paths)
        found = [{"ID": 1, "name": name, "peerURLs": [name], "clientURLs": [name]} for name in names]
        health = [{"endpoint": name, "health": True} for name in names]
        return [json.dumps({"members": found}), json.dumps(health)]

    def look_at_interface(self, *_: str) -> list[str]:
        return ["2: eth0    inet 10.90.0.1/24 scope global eth0"]

    def give_kubeconfig(self, *_: str) -> list[str]:
        given = os.environ.get("TOY_KUBECONFIG")  # of a toy API server
        text = Path(given).read_text() if given else "apiVersion: v1"
        return text.splitlines() if ADMIN_CONF in self.paths else []

    def look_at_nodes(self, *_: str) -> list[str]:
        ready = [{"type": "Ready", "status": "True"}]
        items = [
            {"metadata": {"name": name, "labels": self.labels.get(name, {})}, "status": {"conditions": ready}}
            for name in members()
        ]
        return [json.dumps({"items": items})]

    def look_at_images(self, command: str, _: str) -> list[str]:
        asked = shlex.split(command[len("for t in ") : command.index("; do")])
        return [f"{tag} {self.images[tag]}" for tag in asked if tag in self.images]

    def look_at_proof(self, *_: str) -> list[str]:
        return [f"proof={self.proof}", *(f"{name}=True" for name in members())]

    # Commands

    def place(self, command: str, stdin: str) -> None:
        moves = re.findall(r'cp --preserve=mode,ownership "\$stage/(\d+)" (\S+)\.new\$\$', command)
        archive = tarfile.open(fileobj=io.BytesIO(base64.b64decode(stdin))) if moves else None  # noqa: SIM115
        for number, path in moves:
            member = archive.getmember(number)
            content = archive.extractfile(member)
            sha256 = hashlib.sha256(content.read() if content else b"").hexdigest()
            self.paths[shlex.split(path)[0]] = Thing("f", f"{member.mode:o}", sha256=sha256)
        for target, path in re.findall(r"^ln -sn (\S+) (\S+)\.new\$\$", command, re.M):
            self.paths[path] = Thing("l", "777", target=target)
        for path in re.findall(r"^rm -f (\S+)$", command, re.M):
            self.paths.pop(path, None)

    def install_packages(self, command: str, _: str) -> None:
        self.packages.update(shlex.split(command.splitlines()[1])[2:])

    def install_artifacts(self, command: str, _: str) -> None:
        for words in map(str.split, command.splitlines()):
            if words[:1] == ["fetch"] and len(words) > 5:
                self.paths[words[1]] = Thing("d", "755")
            elif words[:1] == ["link"] and len(words) == 3:
                self.paths[words[2]] = Thing("l", "777", target=words[1])

    def manage_units(self, command: str, _: str) -> None:
        for call in command.split(" || ")[0].split(" && "):
            _, verb, *names = shlex.split(call)
            unit = names[-1] if names else ""
            if verb == "enable":
                self.enabled.add(unit)
            elif verb == "restart":
                self.running[unit] = time.time()

    def set_kernel(self, command: str, _: str) -> None:
        for words in map(shlex.split, command.split(" && ")):
            if words[0] == "modprobe":
                self.modules.add(words[1])
            elif words[0] == "sysctl":
                name, _, value = words[-1].partition("=")
                self.sysctls[name] = value
            elif words[0] == "systemd-sysusers":
                self.account = "nightfleet"
            else:
                raise NotUnderstoodError(" ".join(words))

    def set_hostname(self, command: str, _: str) -> None:
        self.hostname = shlex.split(command)[1]

    def write_hosts(self, _: str, stdin: str) -> None:
        self.hosts = base64.b64decode(stdin).decode()

    def init(self, *_: str) -> None:
        self._become_member()
        self.paths[ADMIN_CONF] = Thing("f", "600")

    def join(self, _: str, stdin: str) -> None:
        config = base64.b64decode(stdin).decode()
        if "abcdef.0123456789abcdef" not in config:
            raise FailedError("couldn't validate the identity of the API Server")
        self._become_member()
        if CERTIFICATE_KEY in config:
            self.paths[ADMIN_CONF] = Thing("f", "600")

    def _become_member(self) -> None:
        if "containerd.service" not in self.running:
            raise FailedError("container runtime is not running")
        for path in (MEMBER, "/etc/kubernetes/kubelet.conf"):
            self.paths[path] = Thing("f", "600")
        self.running["kubelet.service"] = time.time()
        MEMBERS.add(self.name)
        with (folder() / "order").open("a") as order:
            order.write(f"{self.name}\n")

    def label(self, command: str, _: str) -> None:
        words = shlex.split(command)
        name = words[words.index("node") + 1]
        labels = dict(word.partition("=")[::2] for word in words[words.index("--overwrite") + 1 :])
        self.labels.setdefault(name, {}).update(labels)

    def seed(self, command: str, _: str) -> None:
        from nightfleet.depot.model import load_index

        digests = {stored.reference: stored.digest for stored in load_index().files}
        tags = re.findall(r"^push \S+ [0-9a-f]{64} (\S+)$", command, re.M)
        self.images.update({tag: digests[tag] for tag in tags})

    def prove(self, command: str, _: str) -> None:
        self.proof = re.search(r"^FINGERPRINT=(\S+)", command, re.M)[1]  # type: ignore[index]

    def nothing(self, *_: str) -> None:
        return None

    # What an upgrade asks over ssh

    def look_at_versions(self, *_: str) -> Iterator[str]:
        for path in (KUBELET, "/usr/local/bin/containerd", "/usr/local/sbin/runc"):
            yield f"{path.rpartition('/')[2]}={self.paths[path].target}"

    def save_etcd(self, *_: str) -> list[str]:
        return [json.dumps({"hash": 4711, "totalKey": 815})]

    def give_version(self, *_: str) -> list[str]:
        return [json.dumps({"gitVersion": f"v{self.paths[KUBELET].target.split('/')[4].partition('-')[0]}"})]

    def upgrade(self, *_: str) -> None:
        self.paths["/etc/kubernetes/nightfleet/upgraded"] = Thing("f")


# What a command must contain to be this one; the first match counts.
WORDS = {
    "readlink /usr/local/bin/$n": Toy.look_at_versions,
    " snapshot save ": Toy.save_etcd,
    " member list ": Toy.look_at_etcd,
    "--raw /metrics": Toy.nothing,
    "6443/version": Toy.give_version,
    "\nupgrade ": Toy.upgrade,
    "\nonce init ": Toy.init,
    "\nonce join ": Toy.join,
    "NAMESPACE=": Toy.prove,
    "skopeo copy": Toy.seed,
    "LOCK_TIMEOUT=": Toy.install_packages,
    "\nlink() {": Toy.install_artifacts,
    "set -eu\numask 022\n": Toy.place,
    ". /etc/os-release": Toy.machine,
    "# Print what this machine is": Toy.remember,
    f"cat {RECORD}": Toy.give_record,
    " -maxdepth 0 ": Toy.look_at_paths,
    "systemctl show": Toy.look_at_units,
    "dpkg-query": Toy.look_at_packages,
    "/sys/module": Toy.look_at_kernel,
    "cat /etc/hosts": Toy.look_at_names,
    "/proc/swaps": Toy.look_at_swap,
    "/var/lib/dpkg/lock-frontend": Toy.nothing,
    "ls -1d /etc/kubernetes": Toy.look_at_membership,
    "etcdctl ": Toy.look_at_etcd,
    "kubeadm token create": Toy.give_ticket,
    "ip -o -4 address show": Toy.look_at_interface,
    f"cat {ADMIN_CONF}": Toy.give_kubeconfig,
    "get nodes -o json 2": Toy.look_at_nodes,
    "proof=$(": Toy.look_at_proof,
    "get nodes -o json": Toy.look_at_nodes,
    "Docker-Content-Digest": Toy.look_at_images,
    "[Dd]ocker-[Cc]ontent": Toy.look_at_images,
    "systemctl ": Toy.manage_units,
    "modprobe ": Toy.set_kernel,
    "sysctl -q": Toy.set_kernel,
    "systemd-sysusers": Toy.set_kernel,
    "hostname ": Toy.set_hostname,
    "/etc/hosts.nightfleet": Toy.write_hosts,
    "label node": Toy.label,
    "wait --for": Toy.nothing,
    "mkdir -m 700 -p /etc/kubernetes/nightfleet": Toy.nothing,
}


def find_line(path: str, thing: Thing) -> str:
    """Print a path as the deploys ask find to."""
    return f"{thing.kind}\t{thing.mode}\troot\troot\t{thing.changed}\t{thing.target}\t{path}"


# The fleet of this process, and its files.

MEMBERS: set[str] = set()
_toys: dict[str, Toy] = {}


def folder() -> Path:
    """Return where the toys live."""
    return Path(os.environ["TOY_STATE"])


def toy(name: str) -> Toy:
    """Return a host as it was left."""
    if name not in _toys:
        path = folder() / name
        _toys[name] = pickle.loads(path.read_bytes()) if path.exists() else Toy(name)
    return _toys[name]


def joined() -> list[str]:
    """Return the members in the order in which they became it."""
    order = folder() / "order"
    return order.read_text().split() if order.exists() else []


def members() -> set[str]:
    """Return every member of the cluster, also those that joined in other processes."""
    joined = folder() / "members"
    return MEMBERS | (set(joined.read_text().split()) if joined.exists() else set())


def put_away() -> None:
    """Write every host of this process to its file."""
    for name, host in _toys.items():
        (folder() / name).write_bytes(pickle.dumps(host))
    with (folder() / "members").open("a") as joined:
        joined.write("".join(f"{name}\n" for name in sorted(MEMBERS)))
