"""backup, decided: scripts, units, and who may open what they make. Pure."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploys.hostops.wanted import File, Unit
from nightfleet.site import Node, Role, Site
from nightfleet.site.backup import S3

TEMPLATES = Path(__file__).parent / "templates"
PACKAGES = ("age",)
TO_A_BUCKET = ("curl", "ca-certificates")
LIB, ETC = "/usr/local/lib/nightfleet", "/etc/nightfleet/backup"
SYSTEMD = "/etc/systemd/system"
SCHEDULED = f"{ETC}/scheduled"
COPIES = "/var/lib/nightfleet/backup-copies"
ACCOUNT = "nightfleet-backup"
BUCKET = f"{ETC}/s3"
AUTHORIZED = f"{COPIES}/.ssh/authorized_keys"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything that backup puts on a control plane."""

    packages: tuple[str, ...]
    files: tuple[File, ...]
    absent: tuple[str, ...]
    units: tuple[Unit, ...]


def plan(site: Site, node: Node) -> Wanted:
    """Decide what a control plane gets. Without recipients its timer runs and its service does nothing."""
    wish = site.backup
    timer = File.from_template(
        f"{SYSTEMD}/nightfleet-backup.timer",
        TEMPLATES / "nightfleet-backup.timer.j2",
        schedule=wish.schedule,
        spread=wish.spread,
    )
    service = File.from_template(
        f"{SYSTEMD}/nightfleet-backup.service",
        TEMPLATES / "nightfleet-backup.service.j2",
        directory=wish.directory,
    )
    scheduled = [File(SCHEDULED, "backup.enabled, and there are recipients\n")] if wish.on_schedule else []
    files = (
        File(f"{LIB}/bag.sh", _text("bag.sh")),
        File(f"{LIB}/backup", _text("backup.sh"), 0o755),
        File(f"{ETC}/settings", settings(site, node)),
        File(f"{ETC}/recipients", "".join(f"{key}\n" for key in wish.recipients)),
        # the service sees nothing else of the system that it could write; so its folder is there before it
        File(
            f"{wish.directory}/.nightfleet", "backups of this control plane: nightfleet backup list\n", 0o600
        ),
        service,
        timer,
        *scheduled,
    )
    return Wanted(
        packages=PACKAGES + (TO_A_BUCKET if wish.s3 else ()),
        files=files,
        absent=(*(() if wish.on_schedule else (SCHEDULED,)), *(() if wish.s3 else (BUCKET,))),
        units=(Unit("nightfleet-backup.timer", reads=(timer.path,)),),
    )


@dataclass(frozen=True, slots=True)
class Keeper:
    """What the node that keeps copies gets; `sources` are the control planes that may send."""

    files: tuple[File, ...]
    absent: tuple[str, ...]
    sources: tuple[str, ...]


def keeper(site: Site, node: Node) -> Keeper:
    """Decide what a node gets for keeping copies: nothing, unless it is the one. Copies that it has stay."""
    if node.name != site.backup.copy_to:
        return Keeper((), (AUTHORIZED,), ())
    account = f'u {ACCOUNT} - "copies of nightfleet backups" {COPIES} /bin/sh\n'
    files = (
        File("/etc/sysusers.d/nightfleet-backup.conf", account),
        # root's, so that nobody who comes in by it can let others in
        File(f"{LIB}/bag.sh", _text("bag.sh")),
        File(f"{LIB}/receive", _text("receive.sh"), 0o755),
    )
    return Keeper(files, (), tuple(other.name for other in senders(site)))


def senders(site: Site) -> list[Node]:
    """Return the control planes whose backups are copied to another node."""
    return [node for node in site.having(Role.CONTROL_PLANE) if site.backup.copy_to not in (None, node.name)]


def authorized(keys: Mapping[str, str], keep: int, now: Sequence[str] = ()) -> File:
    """Render who may send: each key may run one command for one node, and nothing else.

    Who could not be asked for a key (it is empty) keeps the line that it has `now`.
    """
    lines = []
    for name, key in keys.items():
        said = next((line.partition('" ')[2] for line in now if f"/receive {name} " in line), "")
        if key or said:
            lines.append(f'restrict,command="{LIB}/receive {name} {keep}" {key or said}\n')
    return File(AUTHORIZED, "".join(lines))


def known(name: str, key: str) -> File:
    """Render the keeper's host key, under its name."""
    return File(f"{ETC}/known_hosts", f"{name} {' '.join(key.split()[:2])}\n")


def bucket_access(s3: S3, key: str, secret: str) -> File:
    """Render what curl reads, so that the secret is in no command line: root's alone."""
    lines = ["silent", "show-error", "connect-timeout = 30", "max-time = 3600", "retry = 2"]
    quoted = f"{key}:{secret}".replace("\\", "\\\\").replace('"', '\\"')
    lines += [f'aws-sigv4 = "aws:amz:{s3.region}:s3"', f'user = "{quoted}"']
    return File(BUCKET, "\n".join(lines) + "\n", 0o600)


def settings(site: Site, node: Node) -> str:
    """Render what the scripts read, as lines of a shell."""
    to = site.node(site.backup.copy_to) if site.backup.copy_to and node in senders(site) else None
    values = {
        "COPY_NAME": to.name if to else "",
        "COPY_ADDRESS": str(to.address) if to else "",
        "COPY_PORT": str(site.connection.port),
        "S3_URL": site.backup.s3.url if site.backup.s3 else "",
        "SITE": site.site,
        "NODE": node.name,
        "DIRECTORY": site.backup.directory,
        "KEEP": str(site.backup.keep),
    }
    return "".join(f"{key}={shlex.quote(value)}\n" for key, value in values.items())


def _text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")
