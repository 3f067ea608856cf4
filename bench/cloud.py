"""Machines on OpenStack: nightfleet and Terraform against a plain openstacksdk script; the guard's own cost.

python -m bench.cloud guard                only the guard, on plans of 1,000 and 10,000 resources
python -m bench.cloud apply 10 50 100      workers on the services of the cloud tier (needs the real provider)

Both sides make the same: for each worker a port, a server and a disk that is attached, ten at a time. API
calls are those of the apply: Terraform's by the provider's own log, the script's by its HTTP sessions.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import patch

from bench.measure import ROOT
from bench.report import Line, Result, machine, table
from nightfleet.cloud.guard import judge
from nightfleet.cloud.occupied import Occupied
from nightfleet.cloud.planfile import read_plan

AT_ONCE = 10


def plan_of(resources: int) -> dict[str, Any]:
    """Return a plan in which every second machine gets a new image."""
    kinds = ("networking_port_v2.node", "compute_instance_v2.node", "blockstorage_volume_v3.data")
    changes = []
    for number in range(resources):
        kind, name = kinds[number % len(kinds)], f"os-w{number // len(kinds):04}"
        before = {"name": name, "image_id": "a", "size": 10, "metadata": {"role": "worker"}, "tags": ["x"]}
        harmed = kind.startswith("compute") and number % 2
        after = {**before, "image_id": "b"} if harmed else before
        change = {"actions": ["update" if harmed else "no-op"], "before": before, "after": after}
        address = f'module.nodes.openstack_{kind}["{name}"]'
        entry = {"address": address, "mode": "managed", "type": f"openstack_{kind.partition('.')[0]}"}
        changes.append({**entry, "index": name, "change": {**change, "after_unknown": {}}})
    return {"format_version": "1.2", "resource_changes": changes}


def guard() -> Result:
    """Judge plans, against only parsing the same JSON."""
    lines = []
    for resources in (1000, 10000):
        text = json.dumps(plan_of(resources))
        pods = {f"os-w{number:04}": ("ml/train-0",) for number in range(resources)}
        parsing = best(lambda text=text: json.loads(text))
        document = json.loads(text)
        judging = best(lambda document=document, pods=pods: judge(read_plan(document), Occupied(pods=pods)))
        what = f"guard on a plan of {resources:,} resources"
        against = f"{parsing * 1000:.1f} ms to parse its JSON"
        lines.append(Line(what, f"{judging * 1000:.1f} ms", against, f"{judging / parsing:.1f}"))
    return Result("guard", "The guard before an apply", tuple(lines))


def best(call: Any) -> float:
    """Return the fewest seconds of five runs."""
    times = []
    for _ in range(5):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return min(times)


def apply(sizes: Sequence[int]) -> Result:
    """Make and destroy clusters of so many workers, both ways, on one set of services."""
    sys.path.insert(0, str(ROOT / "tests"))
    from cloud import box as boxes
    from cloud.project import Project

    if reason := boxes.why_not() or boxes.provider():
        raise SystemExit(f"error: {reason}")
    lines = []
    with boxes.running() as box:
        box.quota(cores=500, instances=500, ram=500000, volumes=500, gigabytes=5000)
        for size in sizes:
            workers = {f"small-w{i:03}": f"192.168.61.{20 + i}" for i in range(1, size + 1)}
            with tempfile.TemporaryDirectory(prefix="nightfleet-bench-") as place:
                project = Project(
                    Path(place) / "bench", box, "small", flavor="nf.small", disk=1, workers=workers
                )
                project.run("init")
                log = Path(place) / "calls.log"
                os.environ.update(OS_DEBUG="1", TF_LOG_PROVIDER="DEBUG", TF_LOG_PATH=str(log))
                ours = seconds(lambda project=project: project.run("apply"))
                for name in ("OS_DEBUG", "TF_LOG_PROVIDER", "TF_LOG_PATH"):
                    del os.environ[name]
                calls = log.read_text(errors="replace").count("Request URL:")
                second = seconds(lambda project=project: project.plan())
                project.take_down()
            other, theirs = by_script(size)
            nodes = size + 1
            lines.append(
                Line(
                    f"apply of {size} workers",
                    f"{ours:.1f} s ({ours / nodes:.2f} s a node)",
                    f"{other:.1f} s by an openstacksdk script ({other / nodes:.2f} s a node)",
                    f"{ours / other:.2f}",
                )
            )
            lines.append(
                Line(
                    f"API calls of it, {size} workers",
                    f"{calls} ({calls / nodes:.1f} a node)",
                    f"{theirs} ({theirs / nodes:.1f} a node)",
                    f"{calls / theirs:.2f}",
                )
            )
            lines.append(Line(f"second plan of {size} workers", f"{second:.1f} s", "", ""))
            print(*lines[-3:], sep="\n", flush=True)
    return Result("cloud", "Machines on OpenStack", tuple(lines))


def seconds(call: Any) -> float:
    """Return how long a call takes."""
    began = time.monotonic()
    call()
    return time.monotonic() - began


def by_script(workers: int) -> tuple[float, int]:
    """Make the small example's machines by openstacksdk; return the seconds and the requests for it."""
    import openstack
    import requests

    calls = 0
    plain = requests.Session.request

    def counted(*words: Any, **options: Any) -> requests.Response:
        nonlocal calls
        calls += 1
        return plain(*words, **options)

    began = time.monotonic()
    cloud = openstack.connect(cloud="osbox")
    network = cloud.network.create_network(name="script")
    subnet = cloud.network.create_subnet(network_id=network.id, ip_version=4, cidr="192.168.62.0/24")
    group = cloud.network.create_security_group(name="script")
    flavor, image = cloud.compute.find_flavor("nf.small"), cloud.image.find_image("debian-12")

    def make(number: int) -> tuple[str, str, str]:
        own = openstack.connect(cloud="osbox")
        address = {"subnet_id": subnet.id, "ip_address": f"192.168.62.{10 + number}"}
        port = own.network.create_port(
            network_id=network.id, name=f"s{number}", security_group_ids=[group.id], fixed_ips=[address]
        )
        server = own.compute.create_server(
            name=f"s{number}", flavor_id=flavor.id, image_id=image.id, networks=[{"port": port.id}]
        )
        volume = own.block_storage.create_volume(size=1, name=f"s{number}")
        server = own.compute.wait_for_server(server, wait=300, interval=1)
        own.block_storage.wait_for_status(volume, "available", wait=300, interval=1)
        own.compute.create_volume_attachment(server, volume_id=volume.id)
        own.block_storage.wait_for_status(volume, "in-use", wait=300, interval=1)
        return server.id, volume.id, port.id

    with ThreadPoolExecutor(AT_ONCE) as pool:
        with patch.object(requests.Session, "request", counted):
            made = list(pool.map(make, range(workers + 1)))
        took = time.monotonic() - began
        list(pool.map(delete, made))
    cloud.network.delete_security_group(group)
    cloud.network.delete_network(network)
    return took, calls


def delete(made: tuple[str, str, str]) -> None:
    """Delete one machine of the script with its disk and port."""
    import openstack

    own = openstack.connect(cloud="osbox")
    server, volume, port = made
    own.compute.delete_server(server, ignore_missing=True)
    if there := own.compute.find_server(server, ignore_missing=True):
        own.compute.wait_for_delete(there, wait=300, interval=1)
    own.block_storage.wait_for_status(own.block_storage.get_volume(volume), "available", wait=300, interval=1)
    own.block_storage.delete_volume(volume)
    own.network.delete_port(port, ignore_missing=True)


if __name__ == "__main__":
    words = sys.argv[1:] or ["guard"]
    result = guard() if words[0] == "guard" else apply([int(word) for word in words[1:]] or [10])
    print(f"{result.title}, on {machine()}\n\n{table(result)}")
