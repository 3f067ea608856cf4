"""How to reach the hosts: the operator's key, exact known hosts, one ssh_config for all tools."""

import subprocess
from collections.abc import Sequence

from nightfleet.lab.command import MORTAL, run
from nightfleet.lab.layout import Layout
from nightfleet.lab.process import replace
from nightfleet.lab.spec import LabSpec


def ensure_key(layout: Layout) -> None:
    layout.ssh_key.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not layout.ssh_key.exists():
        draft = layout.ssh_key.with_name("draft")
        draft.unlink(missing_ok=True)
        draft.with_suffix(".pub").unlink(missing_ok=True)
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", layout.mark, "-f", str(draft)])
        draft.with_suffix(".pub").replace(layout.ssh_key.with_suffix(".pub"))
        draft.replace(layout.ssh_key)  # the private half last: both are there once it is


def known_hosts(spec: LabSpec, keys: dict[str, str]) -> str:
    lines = []
    for host in spec.hosts:
        if host.name in keys:
            kind, key = keys[host.name].split()[:2]
            lines.append(f"{host.name},{host.address} {kind} {key}")
    return "\n".join(lines) + "\n"


def config(spec: LabSpec, layout: Layout) -> str:
    common = f"""\
  User root
  IdentityFile {layout.ssh_key}
  IdentitiesOnly yes
  UserKnownHostsFile {layout.known_hosts}
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  PasswordAuthentication no
  LogLevel ERROR
"""
    stanzas = [f"Host {host.name}\n  HostName {host.address}\n{common}" for host in spec.hosts]
    return f"# {layout.mark}: ssh -F {layout.ssh_config} {spec.hosts[0].name}\n\n" + "\n".join(stanzas)


def write(spec: LabSpec, layout: Layout) -> None:
    keys = {
        host.name: file.read_text()
        for host in spec.hosts
        if (file := layout.host(host.name).public_host_key).exists()
    }
    replace(layout.known_hosts, known_hosts(spec, keys))
    replace(layout.ssh_config, config(spec, layout))


def command(layout: Layout, host: str, remote: Sequence[str] = (), *, terminal: bool = False) -> list[str]:
    """ssh as one would type it; `remote` is run by the host's shell, as ssh does."""
    options = (
        ["-F", str(layout.ssh_config)] if terminal else ["-F", str(layout.ssh_config), "-o", "BatchMode=yes"]
    )
    return ["ssh", *options, host, *(["--", *remote] if remote else [])]


def ask(layout: Layout, host: str, remote: str, seconds: float) -> tuple[int, str]:
    """Exit status and output of a short question; 255 and ssh's complaint when the host does not answer."""
    argv = command(layout, host, [remote])
    argv[1:1] = ["-o", f"ConnectTimeout={max(1, int(min(seconds, 5)))}"]
    argv = [*MORTAL, *argv]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return 255, f"no answer within {seconds:.0f} s"
    return done.returncode, done.stdout.strip() or done.stderr.strip()
