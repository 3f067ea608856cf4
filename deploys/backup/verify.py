"""backup, checked by what systemd remembers, by the sums of copies, and by who may read or send."""

import hashlib
import re
from typing import Any

import pytest
from testinfra.host import Host

from nightfleet.site import Node, Site

COPIES = "/var/lib/nightfleet/backup-copies"
EMPTY = hashlib.sha256().hexdigest()  # of a request with no body
NAME = re.compile(r"\d{8}T\d{6}Z-[a-z0-9.-]+")


def scheduled(site: Site, _node: Node) -> bool:
    """Whether machines make backups by themselves."""
    return site.backup.on_schedule


def copied(site: Site, node: Node) -> bool:
    """Whether this control plane sends copies."""
    return site.backup.copy_to not in (None, node.name)


def in_bucket(site: Site, _node: Node) -> bool:
    """Whether a bucket keeps copies."""
    return site.backup.s3 is not None


def keeps(site: Site, node: Node) -> bool:
    """Whether this node keeps copies."""
    return site.backup.copy_to == node.name


def names(host: Host, folder: str) -> list[str]:
    """Return the backups in a folder, newest first."""
    found = host.run("ls -1 %s", folder).stdout.split()
    return sorted((name for name in found if NAME.fullmatch(name)), reverse=True)


def shown(host: Host, unit: str, *properties: str) -> dict[str, str]:
    """Return properties of a unit."""
    output = host.check_output(f"systemctl show {unit} --timestamp=unix --property={','.join(properties)}")
    return dict(line.split("=", 1) for line in output.splitlines())


@pytest.mark.on("control_plane", when=scheduled)
def test_the_timer_waits_for_its_next_moment(host: Host) -> None:
    timer = shown(host, "nightfleet-backup.timer", "ActiveState", "UnitFileState", "NextElapseUSecRealtime")
    assert (timer["ActiveState"], timer["UnitFileState"]) == ("active", "enabled")
    assert timer["NextElapseUSecRealtime"], (
        "systemd knows no next moment: is backup.schedule a calendar event?"
    )


@pytest.mark.on("control_plane", when=scheduled)
def test_what_was_begun_last_became_a_backup(host: Host, site: Site) -> None:
    # the timer's own memory is no witness: after a boot it is the moment when the timer was enabled
    service = shown(host, "nightfleet-backup.service", "Result", "ActiveState", "ExecMainStartTimestamp")
    if not service["ExecMainStartTimestamp"] or service["ActiveState"] == "activating":
        return  # none was due since the machine booted, or it is being made
    assert service["Result"] == "success", "journalctl -u nightfleet-backup"
    found = names(host, site.backup.directory)
    assert found, f"it ran, and {site.backup.directory} is empty"
    day, hour, minute, second = found[0][:8], found[0][9:11], found[0][11:13], found[0][13:15]
    made = host.check_output("date -u -d %s +%%s", f"{day} {hour}:{minute}:{second}")
    ran = host.check_output("date -u -d %s +%%s", service["ExecMainStartTimestamp"])
    assert int(made) >= int(ran), f"the newest is {found[0]}, it ran later"


@pytest.mark.on("control_plane")
def test_backups_are_for_root_alone(host: Host, site: Site) -> None:
    folder = host.file(site.backup.directory)
    open_to_others = host.check_output("find %s ! -user root -o -perm /077 ! -type l", site.backup.directory)
    found = [
        path for path in open_to_others.splitlines() if path != site.backup.directory or folder.mode & 0o022
    ]
    assert not found, f"others may read or change {found[0]}"


@pytest.mark.on("control_plane")
def test_nothing_lies_about_in_clear(host: Host, site: Site) -> None:
    left = host.check_output("find /var/tmp -maxdepth 1 -name 'nightfleet-backup.*' -mmin +120")
    assert not left, f"left by a run that was killed: {left}"
    found = host.check_output("find %s -name '*.db' -o -name '*.key' -o -name '*.tar'", site.backup.directory)
    # without a recipient an upgrade keeps a plain snapshot beside the etcd that it is of
    clear = [path for path in found.split() if site.backup.recipients or "/pre-upgrade-" not in path]
    assert not clear, f"not encrypted: {', '.join(clear)}"


@pytest.mark.on("control_plane", when=copied)
def test_the_newest_backup_is_at_the_keeper_too(host: Host, node: Node, site: Site, reach: Any) -> None:
    own = names(host, site.backup.directory)[:1]
    keeper = reach.host(str(site.backup.copy_to))
    for name in own:
        copied = keeper.run(f"cd {COPIES}/{node.name}/{name} && sha256sum --status -c manifest-sha256.txt")
        assert copied.rc == 0, f"{site.backup.copy_to} has no whole copy of {name}"


@pytest.mark.on("control_plane", when=in_bucket)
def test_the_newest_backup_is_in_the_bucket_too(host: Host, node: Node, site: Site) -> None:
    assert site.backup.s3
    for name in names(host, site.backup.directory)[:1]:
        key = f"{site.backup.s3.url}/{site.site}/{node.name}/{name}"
        for part in (f"{key}.tar", f"{key}.txt"):
            ask = "curl -K /etc/nightfleet/backup/s3 -o /dev/null -w '%%{http_code}' -I -H %s %s"
            code = host.check_output(ask, f"x-amz-content-sha256: {EMPTY}", part)
            assert code == "200", f"{part}: HTTP {code}"


@pytest.mark.on(when=keeps)
def test_who_sends_copies_may_do_nothing_else(host: Host) -> None:
    keys = host.check_output(f"cat {COPIES}/.ssh/authorized_keys").splitlines()
    loose = [
        line for line in keys if not line.startswith('restrict,command="/usr/local/lib/nightfleet/receive ')
    ]
    assert keys and not loose
    assert host.file(f"{COPIES}/.ssh/authorized_keys").user == "root"
