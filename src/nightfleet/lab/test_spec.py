from dataclasses import replace

import pytest

from nightfleet.lab.spec import ETCD, IMAGEFS, NODEFS, DiskSpec, HostSpec, LabSpec, faults, from_json, to_json

LAB = LabSpec(
    "lab",
    "nf-lab",
    "10.77.0.1/24",
    (
        HostSpec("lab-c1", "10.77.0.11", (IMAGEFS, NODEFS, ETCD), memory_gib=2),
        HostSpec("lab-w1", "10.77.0.21"),
    ),
)


def test_a_spec_survives_being_written_and_read() -> None:
    assert from_json(to_json(LAB)) == LAB


def test_a_good_spec_has_no_faults() -> None:
    assert list(faults(LAB)) == []


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        pytest.param(replace(LAB, name="../etc"), "lab name '../etc' must be", id="name-is-a-path"),
        pytest.param(
            replace(LAB, bridge="a-very-long-bridge"), "bridge 'a-very-long-bridge' must", id="bridge"
        ),
        pytest.param(
            replace(LAB, gateway="10.77.0"), "gateway '10.77.0' must be an IPv4 address", id="gateway"
        ),
        pytest.param(replace(LAB, hosts=()), "the lab has no hosts", id="no-hosts"),
        pytest.param(replace(LAB, hosts=LAB.hosts * 2), "host name 'lab-c1' is there twice", id="name-twice"),
        pytest.param(
            replace(LAB, hosts=(HostSpec("a", "10.77.0.1"),)),
            "address 10.77.0.1 is there twice",
            id="gateways-own",
        ),
        pytest.param(
            replace(LAB, hosts=(HostSpec("a", "10.78.0.1"),)),
            "10.78.0.1 of a lies outside of 10.77.0.0/24",
            id="far",
        ),
        pytest.param(
            replace(LAB, hosts=(HostSpec("a", "here"),)), "address 'here' of a must be", id="no-address"
        ),
        pytest.param(
            replace(LAB, hosts=(HostSpec("a", "10.77.0.2", (IMAGEFS, replace(NODEFS, name="imagefs"))),)),
            "disk 'imagefs' of a is there twice",
            id="disk-twice",
        ),
        pytest.param(
            replace(LAB, hosts=(HostSpec("a", "10.77.0.2", (DiskSpec("d", "/srv,x", 1),)),)),
            "mount point '/srv,x' of a must be an absolute path",
            id="mount-point-with-a-comma",
        ),
        pytest.param(
            replace(LAB, hosts=(HostSpec("a", "10.77.0.2", (DiskSpec("d", "/srv", 0.1),)),)),
            "disk 'd' of a is 0.1 GiB; XFS needs 0.3",
            id="disk-too-small",
        ),
    ],
)
def test_an_impossible_spec_is_told_by_value(spec: LabSpec, fault: str) -> None:
    assert any(fault in found for found in faults(spec)), list(faults(spec))
