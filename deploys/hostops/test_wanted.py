"""How what is wanted compares with what is found, and the steps that follow."""

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploys.hostops.state import PathState, UnitState
from deploys.hostops.wanted import File, Install, Link, Unit, is_stale, steps
from nightfleet.depot.model import Arch, Kind, Origin, Stored, load_lock

FILE = File("/etc/x.conf", "content\n", 0o640, "root", "adm")
FOUND = PathState("f", 0o640, "root", "adm", "", 100.0, hashlib.sha256(b"content\n").hexdigest())
UNIT = Unit("x.service", reads=("/etc/x.conf", "/etc/x.d"))
RUNNING = UnitState(loaded=True, active=True, enabled=True, needs_reload=False, started=200.0)
RELOAD, ENABLE, RESTART = (
    "systemctl daemon-reload",
    "systemctl enable --quiet x.service",
    "systemctl restart x.service",
)


def changed(at: float, path: str = "/etc/x.conf") -> dict[str, PathState]:
    return {path: replace(FOUND, changed=at)}


def stored(key: str = "") -> Stored:
    sha256 = "ab" * 32
    return Stored(
        name="runc",
        version="1.4.3",
        arch=Arch.AMD64,
        file="runc.amd64",
        sha256=sha256,
        size=1,
        origin=Origin.GOMOD,
        kind=Kind.BINARY,
        key=key or sha256,
    )


def test_a_file_agrees_when_all_of_it_does() -> None:
    assert FILE.agrees(FOUND)


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(None, id="missing"),
        pytest.param(replace(FOUND, kind="l"), id="a link"),
        pytest.param(replace(FOUND, mode=0o644), id="another mode"),
        pytest.param(replace(FOUND, owner="alice"), id="another owner"),
        pytest.param(replace(FOUND, group="root"), id="another group"),
        pytest.param(replace(FOUND, sha256="0" * 64), id="other content"),
        pytest.param(replace(FOUND, sha256=""), id="could not be read"),
    ],
)
def test_a_file_does_not_agree_with(found: PathState | None) -> None:
    assert not FILE.agrees(found)


def test_a_link_agrees_with_its_target_alone() -> None:
    link = Link("/usr/local/bin/runc", "/opt/nightfleet/runc/1/runc")
    there = PathState("l", 0o777, "root", "root", link.target, 1.0)
    assert link.agrees(there)
    assert not link.agrees(replace(there, target="/usr/bin/runc"))
    assert not link.agrees(FOUND)
    assert not link.agrees(None)


# Units


def test_a_unit_that_runs_with_what_is_on_disk_is_left_alone() -> None:
    assert steps([UNIT], {"x.service": RUNNING}, changed(199.9)) == []


def test_an_unknown_unit_is_loaded_enabled_and_started_in_that_order() -> None:
    assert steps([UNIT], {}, {}) == [RELOAD, ENABLE, RESTART]
    not_found = UnitState(loaded=False, active=False, enabled=False, needs_reload=False, started=None)
    assert steps([UNIT], {"x.service": not_found}, {}) == [RELOAD, ENABLE, RESTART]


def test_a_file_written_after_the_start_is_stale_also_when_the_writer_was_killed_before_the_restart() -> None:
    assert steps([UNIT], {"x.service": RUNNING}, changed(200.1)) == [RESTART]


def test_a_drop_in_of_the_folder_counts_and_a_file_with_a_similar_name_does_not() -> None:
    assert is_stale(UNIT, RUNNING, changed(300.0, "/etc/x.d/10-more.conf"))
    assert is_stale(UNIT, RUNNING, changed(300.0, "/etc/x.d"))  # a drop-in was removed
    assert not is_stale(UNIT, RUNNING, changed(300.0, "/etc/x.dot"))
    assert not is_stale(UNIT, RUNNING, changed(300.0, "/etc/x.conf.bak"))


def test_a_changed_unit_file_is_reloaded_before_the_restart() -> None:
    found = {"x.service": replace(RUNNING, needs_reload=True)}
    assert steps([UNIT], found, changed(300.0)) == [RELOAD, RESTART]


def test_a_reload_that_a_kill_cut_off_from_its_restart_still_ends_in_the_restart() -> None:
    assert steps([UNIT], {"x.service": RUNNING}, changed(300.0)) == [RESTART]


def test_a_unit_that_is_down_or_crashes_is_restarted() -> None:
    assert steps([UNIT], {"x.service": replace(RUNNING, active=False)}, changed(1.0)) == [RESTART]


def test_a_unit_that_somebody_else_starts_is_enabled_and_not_started() -> None:
    kubelet = replace(UNIT, start=False)
    found = replace(RUNNING, active=False, enabled=False, started=None)
    assert steps([kubelet], {"x.service": found}, {}) == [ENABLE]
    assert steps([kubelet], {"x.service": RUNNING}, changed(300.0)) == [RESTART]


def test_one_reload_is_enough_for_all_units_and_comes_first() -> None:
    calls = steps([replace(UNIT, name="a.service"), replace(UNIT, name="b.service")], {}, {})
    assert calls.count(RELOAD) == 1
    assert calls[0] == RELOAD


@given(
    st.builds(UnitState, *(st.booleans(),) * 4, st.none() | st.floats(0, 1000)),
    st.floats(0, 1000),
    st.booleans(),
)
def test_once_the_steps_are_done_there_are_none_left(state: UnitState, at: float, start: bool) -> None:
    unit = replace(UNIT, start=start)
    calls = steps([unit], {"x.service": state}, changed(at))
    after = replace(
        state,
        loaded=state.loaded or RELOAD in calls,
        needs_reload=state.needs_reload and RELOAD not in calls,
        enabled=state.enabled or ENABLE in calls,
        active=state.active or RESTART in calls,
        started=2000.0 if RESTART in calls else state.started,
    )
    assert steps([unit], {"x.service": after}, changed(at)) == []


# Artifacts


def test_another_build_of_the_same_version_has_another_folder() -> None:
    install = Install(stored(), {"/usr/local/sbin/runc": "runc"})
    assert install.folder == "/opt/nightfleet/runc/1.4.3-abababab"
    assert install.link_list == [Link("/usr/local/sbin/runc", f"{install.folder}/runc")]


def test_the_depot_is_asked_first_and_the_release_site_second() -> None:
    urls = Install(stored(), {}).urls("http://10.0.0.1:8477/")
    upstream = load_lock().artifact("runc", "1.4.3").url_of("1.4.3", "amd64")
    assert urls == [f"http://10.0.0.1:8477/{'ab' * 32}/runc.amd64", upstream]
    assert Install(stored(), {}).urls(None) == [upstream]


def test_what_was_built_here_is_never_asked_of_the_release_site() -> None:
    built = Install(stored(key="cd" * 32), {})
    assert built.urls("http://10.0.0.1:8477") == [f"http://10.0.0.1:8477/{'ab' * 32}/runc.amd64"]
    assert built.urls(None) == []
