"""Claims about copies on a timer of systemd."""

from pathlib import Path

import pytest

from nightfleet.cloud.schedule import calendar, program, quoted, schedule_of
from nightfleet.errors import NightfleetError
from nightfleet.site import Site
from nightfleet.site.load import load_before_it_is_made

SITE = """\
site: small
cloud: {directory: terraform, name: mycloud, backups: {every: 12}}
classes:
  box: {kind: vm}
connection: {user: debian, key: key}
network: {pods: 10.1.0.0/16, services: 10.2.0.0/16, cni: routed}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "my site"
    place.mkdir()
    return place


def site(folder: Path, text: str = SITE) -> Site:
    (folder / "site.yaml").write_text(text)
    return load_before_it_is_made(folder / "site.yaml")


@pytest.mark.parametrize(
    ("every", "times"),
    [
        (24, "*-*-* 02:00:00"),
        (48, "*-*-* 02:00:00"),
        (36, "*-*-* 02/12:00:00"),
        (6, "*-*-* 02/6:00:00"),
        (7, "*-*-* 00/1:00:00"),
    ],
    ids=["daily", "every-other-day", "one-and-a-half-days", "six-hours", "seven-hours"],
)
def test_the_timer_comes_at_hours_that_divide_a_day(every: int, times: str) -> None:
    assert calendar(every) == times


def test_a_person_gets_a_timer_of_their_own_with_absolute_paths(folder: Path) -> None:
    wanted = schedule_of(site(folder), {"XDG_CONFIG_HOME": str(folder)}, root=False)
    service, timer = wanted.files.items()
    assert service[0] == folder / "systemd" / "user" / "nightfleet-copies-small.service"
    assert f'ExecStart={program()} cloud backup run --site "{folder}/site.yaml"\n' in service[1]
    assert program().is_absolute()
    assert "OnCalendar=*-*-* 02/12:00:00\nRandomizedDelaySec=1800\nPersistent=true\n" in timer[1]
    assert wanted.commands[-1] == ("systemctl", "--user", "enable", "--now", "nightfleet-copies-small.timer")


def test_root_gets_a_timer_of_the_system(folder: Path) -> None:
    wanted = schedule_of(site(folder), {}, root=True)
    assert all(path.parent == Path("/etc/systemd/system") for path in wanted.files)
    assert wanted.commands[0] == ("systemctl", "daemon-reload")


def test_a_timer_is_told_where_things_are_and_no_secret(folder: Path) -> None:
    shell = {"OS_CLIENT_CONFIG_FILE": "/c/clouds.yaml", "OS_PASSWORD": "secret", "OS_CLOUD": "other"}
    text = "".join(schedule_of(site(folder), shell, root=True).files.values())
    assert "Environment=OS_CLIENT_CONFIG_FILE=/c/clouds.yaml\n" in text
    assert "secret" not in text
    assert "OS_CLOUD" not in text


def test_credentials_that_only_this_shell_has_are_refused_with_the_line(folder: Path) -> None:
    unnamed = site(folder, SITE.replace("name: mycloud, ", ""))
    with pytest.raises(NightfleetError, match=r"site.yaml:2: a timer has none of the OS_\* variables"):
        schedule_of(unnamed, {"OS_PASSWORD": "secret"}, root=False)
    named = schedule_of(unnamed, {"OS_CLOUD": "mycloud"}, root=True)
    assert "Environment=OS_CLOUD=mycloud\n" in "".join(named.files.values())


def test_written_twice_changes_nothing_and_a_new_interval_only_the_timer(folder: Path) -> None:
    shell = {"XDG_CONFIG_HOME": str(folder)}
    wanted = schedule_of(site(folder), shell, root=False)
    assert wanted.write() == tuple(wanted.files)
    assert wanted.write() == ()
    later = schedule_of(site(folder, SITE.replace("every: 12", "every: 24")), shell, root=False)
    assert [path.suffix for path in later.write()] == [".timer"]


def test_words_of_a_unit_file_mean_themselves() -> None:
    assert quoted("/opt/nightfleet") == "/opt/nightfleet"
    assert quoted('/a b/100%"') == '"/a b/100%%\\""'
