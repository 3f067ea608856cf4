from dataclasses import replace

import pytest

from nightfleet.errors import Exit, NightfleetError
from nightfleet.lab.spec import HostSpec, LabSpec
from nightfleet.lab.up import HostUp, UpReport, refuse_changes

ONE, TWO = HostSpec("lab-c1", "10.77.0.11"), HostSpec("lab-w1", "10.77.0.21")
LAB = LabSpec("lab", "nf-lab", "10.77.0.1/24", (ONE, TWO))


def test_the_same_lab_and_a_lab_with_one_host_more_are_welcome() -> None:
    refuse_changes(LAB, LAB)
    refuse_changes(LAB, replace(LAB, hosts=(*LAB.hosts, HostSpec("lab-w2", "10.77.0.22"))))


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        pytest.param(
            replace(LAB, hosts=(ONE, replace(TWO, disks=()))), "hosts changed: lab-w1", id="other-disks"
        ),
        pytest.param(replace(LAB, hosts=(ONE,)), "hosts no longer in the site: lab-w1", id="host-gone"),
        pytest.param(replace(LAB, bridge="nf2"), "bridge or gateway changed", id="other-bridge"),
    ],
)
def test_another_lab_of_the_same_name_is_refused(after: LabSpec, reason: str) -> None:
    with pytest.raises(NightfleetError, match=reason) as raised:
        refuse_changes(LAB, after)
    assert raised.value.exit_code == Exit.REFUSED


def test_a_report_knows_what_failed_and_whether_anything_changed() -> None:
    running = HostUp("a", "10.77.0.11", "already running", 0.2)
    failed = HostUp("b", "10.77.0.12", "failed", 3, "it does not boot")
    assert not UpReport((running,), (), (), (), 0.3).changed
    report = UpReport((running, failed), (), (), (), 3)
    assert report.changed
    assert report.failed == (failed,)
