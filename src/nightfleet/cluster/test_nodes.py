"""Claims about nodes as the API server has them."""

from nightfleet.cluster.nodes import not_ready, read_node

ITEM = {
    "metadata": {
        "name": "c1",
        "labels": {"node-role.kubernetes.io/control-plane": ""},
        "annotations": {"nightfleet/cordoned-by": "upgrade 1.36.3"},
    },
    "spec": {"unschedulable": True},
    "status": {
        "addresses": [{"type": "Hostname", "address": "c1"}, {"type": "InternalIP", "address": "10.0.0.1"}],
        "conditions": [
            {"type": "MemoryPressure", "status": "False"},
            {"type": "Ready", "status": "True"},
        ],
        "nodeInfo": {
            "kubeletVersion": "v1.35.4",
            "containerRuntimeVersion": "containerd://2.3.4",
            "kernelVersion": "6.1.0",
            "bootID": "abc",
        },
    },
}


def test_a_node_is_read() -> None:
    view = read_node(ITEM)
    assert (view.name, view.address, view.ready, view.version) == ("c1", "10.0.0.1", "True", "1.35.4")
    assert (view.control_plane, view.cordoned, view.cordoned_by) == (True, True, "upgrade 1.36.3")


def test_a_node_that_has_said_nothing_yet_is_unknown() -> None:
    view = read_node({"metadata": {"name": "new"}})
    assert (view.ready, view.version, view.cordoned) == ("Unknown", "", False)
    assert not_ready([view]) == ["new"]
    assert not_ready([view], but=["new"]) == []
