"""Claims about replacing a lost node: whose key counts, and when it is refused."""

from dataclasses import replace

from nightfleet.membership.conftest import Sick
from nightfleet.membership.hostkeys import HostKey, read_keys
from nightfleet.membership.replace import ReplacePlan, Step, plan
from nightfleet.membership.watched import Watched
from nightfleet.site import Site

SCANNED = """# 10.0.0.21:22 SSH-2.0-OpenSSH_9.2p1
10.0.0.21 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB0LmjI6VIYIhFVCTGLe6ncjvKBUFJUCQrTzM3Xy6WDA
"""
OLD = HostKey("ssh-ed25519", "b2xk")
NEW = read_keys(SCANNED)[0]


def decide(site: Site, seen: Watched, confirmed: str = "", **more: object) -> ReplacePlan:
    known = more.get("known", (OLD,))
    begun = bool(more.get("begun"))
    assert isinstance(known, tuple)
    return plan(site.node(str(more.get("name", "w1"))), seen, known, (NEW,), confirmed, begun)


def test_a_fingerprint_is_written_as_ssh_keygen_does() -> None:
    assert NEW.fingerprint.startswith("SHA256:")
    assert len(NEW.fingerprint) == len("SHA256:") + 43


def test_a_lost_worker_is_replaced_once_a_person_confirmed_the_key(site: Site, sick: Sick) -> None:
    made = decide(site, sick("w1"), NEW.fingerprint)
    assert made.refusals == ()
    assert made.steps == (Step.KEY, Step.DELETE, Step.JOIN, Step.READY)
    assert made.key == NEW


def test_a_key_that_nobody_confirmed_is_shown_and_refused(site: Site, sick: Sick) -> None:
    assert NEW.fingerprint in decide(site, sick("w1")).refusals[0]
    assert "who answers there?" in decide(site, sick("w1"), "SHA256:other").refusals[0]


def test_a_machine_with_the_old_key_is_no_other_machine(site: Site, sick: Sick) -> None:
    assert "nightfleet converge w1" in decide(site, sick("w1"), known=(NEW,)).refusals[0]


def test_a_node_that_is_ready_is_not_lost(site: Site, well: Watched) -> None:
    assert "w1 is Ready" in decide(site, well, NEW.fingerprint).refusals[0]


def test_a_replacement_that_is_done_has_nothing_to_do(site: Site, well: Watched) -> None:
    made = decide(site, well, NEW.fingerprint, known=(NEW,))
    assert (made.steps, made.refusals) == ((), ())


def test_a_replacement_that_was_cut_off_goes_on(site: Site, sick: Sick) -> None:
    made = decide(site, sick("w1"), NEW.fingerprint, known=(NEW,), begun=True)
    assert (made.steps, made.refusals) == ((Step.JOIN, Step.READY), ())


def test_a_lost_control_plane_first_leaves_etcd(site: Site, sick: Sick) -> None:
    made = decide(site, sick("c2"), NEW.fingerprint, name="c2")
    assert made.steps == (Step.KEY, Step.ETCD, Step.DELETE, Step.JOIN, Step.READY)
    assert decide(site, sick("c2", "c3"), NEW.fingerprint, name="c2").refusals
    unknown = replace(sick("c2"), faults=("etcd does not answer",))
    assert "nobody can tell" in decide(site, unknown, NEW.fingerprint, name="c2").refusals[-1]


def test_nobody_who_answers_is_refused(site: Site, sick: Sick) -> None:
    made = plan(site.node("w1"), sick("w1"), (OLD,), (), NEW.fingerprint)
    assert made.refusals[0].startswith("nobody answers at 10.0.0.21")
