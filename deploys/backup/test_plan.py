"""What a control plane gets for its backups, and the node that keeps copies of them."""

from collections.abc import Callable

from deploys.backup.plan import (
    AUTHORIZED,
    BUCKET,
    ETC,
    SCHEDULED,
    authorized,
    bucket_access,
    keeper,
    known,
    plan,
    senders,
    settings,
)
from nightfleet.site import Site
from nightfleet.site.backup import S3

Edited = Callable[..., Site]
KEY = "age17zlgw8yv8nanrzs5qlm3yfd376hv95atvrh96qcfvjeelkqs5y3s3ynsmp"


def with_backup(edited: Edited, keys: str) -> Site:
    """Return the lab's site with keys of `backup`."""
    return edited("lab", ("lab:   ", f"backup: {{{keys}}}\nlab:   "))


def contents(site: Site) -> dict[str, str]:
    """Return the files of the first control plane."""
    return {file.path: file.content for file in plan(site, site.first_control_plane).files}


def test_without_a_recipient_nothing_runs_by_itself(lab: Site) -> None:
    wanted = plan(lab, lab.first_control_plane)
    assert SCHEDULED not in contents(lab)
    assert wanted.absent == (SCHEDULED, BUCKET)
    assert (
        f"ConditionPathExists={SCHEDULED}" in contents(lab)["/etc/systemd/system/nightfleet-backup.service"]
    )


def test_with_a_recipient_the_timer_has_work(edited: Edited) -> None:
    site = with_backup(edited, f"recipients: [{KEY}], schedule: 'Mon 03:00', spread: 5min")
    assert SCHEDULED in contents(site)
    assert plan(site, site.first_control_plane).absent == (BUCKET,)
    assert contents(site)[f"{ETC}/recipients"] == f"{KEY}\n"
    timer = contents(site)["/etc/systemd/system/nightfleet-backup.timer"]
    assert "OnCalendar=Mon 03:00\nRandomizedDelaySec=5min\n" in timer


def test_switched_off_it_is_still_possible_by_hand(edited: Edited) -> None:
    site = with_backup(edited, f"recipients: [{KEY}], enabled: false")
    assert SCHEDULED not in contents(site)
    assert contents(site)[f"{ETC}/recipients"] == f"{KEY}\n"


def test_the_service_may_write_its_own_folder_alone(edited: Edited) -> None:
    site = with_backup(edited, f"recipients: [{KEY}], directory: /srv/backup")
    service = contents(site)["/etc/systemd/system/nightfleet-backup.service"]
    assert "ReadWritePaths=/srv/backup\n" in service
    assert "ProtectSystem=strict\n" in service
    assert "/srv/backup/.nightfleet" in contents(site)


def test_settings_are_lines_of_a_shell_whatever_they_hold(edited: Edited) -> None:
    site = with_backup(edited, "directory: '/srv/$(reboot)'")
    assert "DIRECTORY='/srv/$(reboot)'\n" in settings(site, site.first_control_plane)


def test_copies_are_sent_to_the_node_that_the_site_names(edited: Edited) -> None:
    site = with_backup(edited, "copy_to: lab-w1")
    assert [node.name for node in senders(site)] == ["lab-c1"]
    text = settings(site, site.first_control_plane)
    assert f"COPY_NAME=lab-w1\nCOPY_ADDRESS={site.node('lab-w1').address}\nCOPY_PORT=22\n" in text


def test_without_that_node_nothing_is_sent(lab: Site) -> None:
    assert senders(lab) == []
    assert "COPY_NAME=''\n" in settings(lab, lab.first_control_plane)


def test_only_the_keeper_lets_anybody_in(edited: Edited) -> None:
    site = with_backup(edited, "copy_to: lab-w1")
    assert keeper(site, site.node("lab-w1")).sources == ("lab-c1",)
    assert keeper(site, site.node("lab-w2")).absent == (AUTHORIZED,)
    assert keeper(site, site.node("lab-w2")).files == ()


def test_a_key_may_run_one_command_for_one_node() -> None:
    file = authorized({"lab-c1": "ssh-ed25519 AAAA nightfleet-backup@lab-c1"}, 7)
    command = 'restrict,command="/usr/local/lib/nightfleet/receive lab-c1 7"'
    assert file.content == f"{command} ssh-ed25519 AAAA nightfleet-backup@lab-c1\n"
    assert (file.owner, file.mode) == ("root", 0o644)


def test_who_cannot_be_asked_keeps_the_key_that_it_had() -> None:
    before = authorized({"c1": "ssh-ed25519 AAAA c1", "c2": "ssh-ed25519 BBBB c2"}, 7).content.splitlines()
    after = authorized({"c1": "ssh-ed25519 CCCC c1", "c2": "", "c3": ""}, 5, before).content.splitlines()
    assert after == [
        'restrict,command="/usr/local/lib/nightfleet/receive c1 5" ssh-ed25519 CCCC c1',
        'restrict,command="/usr/local/lib/nightfleet/receive c2 5" ssh-ed25519 BBBB c2',
    ]


def test_the_keeper_is_known_by_its_name_and_not_by_an_address() -> None:
    assert known("lab-w1", "ssh-ed25519 AAAA root@somewhere").content == "lab-w1 ssh-ed25519 AAAA\n"


def test_a_bucket_is_named_in_the_settings_and_its_keys_are_elsewhere(edited: Edited) -> None:
    site = with_backup(
        edited, f"recipients: [{KEY}], s3: {{endpoint: 'https://s3.example.org/', bucket: night}}"
    )
    wanted = plan(site, site.first_control_plane)
    assert "S3_URL=https://s3.example.org/night\n" in contents(site)[f"{ETC}/settings"]
    assert wanted.absent == ()
    assert set(wanted.packages) == {"age", "curl", "ca-certificates"}


def test_the_keys_of_a_bucket_are_for_root_alone_and_survive_quotes() -> None:
    file = bucket_access(S3(endpoint="https://s3.example.org", bucket="night"), "AK", 'a"b\\c')
    assert file.mode == 0o600
    assert 'user = "AK:a\\"b\\\\c"\n' in file.content
    assert 'aws-sigv4 = "aws:amz:us-east-1:s3"\n' in file.content
