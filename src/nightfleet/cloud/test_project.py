"""Claims about flavors, on extra specs as clouds write them."""

from nightfleet.cloud.project import gpus_of


def test_gpus_are_counted_by_passthrough_alias_or_virtual_gpu() -> None:
    assert gpus_of({"pci_passthrough:alias": "a100:2"}) == 2
    assert gpus_of({"pci_passthrough:alias": "a100:2,nic:1"}) == 3
    assert gpus_of({"resources:VGPU": "1"}) == 1
    assert gpus_of({"hw:cpu_policy": "dedicated"}) == 0
