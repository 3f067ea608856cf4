"""Machines on OpenStack: nightfleet and Terraform against a plain openstacksdk script.

Needs the real provider and the services of the cloud tier; workers of the example `small`, 10, 50 and 100.
Both sides make the same: a network with its router, rules and a key, and for each machine a port, a server
and a disk that is attached, ten at a time. API calls are those of the apply: Terraform's by the
provider's own log, the script's by its HTTP sessions.
"""

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
from bench.report import Line, Result

AT_ONCE = 10


def run(sizes: Sequence[int] = (10, 50, 100)) -> Result:
    """Make and destroy clusters of so many workers, both ways, on one set of services."""
    sys.path.insert(0, str(ROOT / "tests"))
    from cloud import box as boxes
    from cloud.project import Project

    if reason := boxes.why_not() or boxes.provider():
        raise RuntimeError(reason)
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
    key = cloud.compute.create_keypair(name="script")
    network = cloud.network.create_network(name="script")
    subnet = cloud.network.create_subnet(network_id=network.id, ip_version=4, cidr="192.168.62.0/24")
    gateway = {"network_id": cloud.network.find_network("public", ignore_missing=False).id}
    router = cloud.network.create_router(name="script", external_gateway_info=gateway)
    cloud.network.add_interface_to_router(router, subnet_id=subnet.id)
    groups = [cloud.network.create_security_group(name=name) for name in ("script-nodes", "script-api")]
    for group, port in ((groups[0], None), (groups[0], 22), (groups[1], 6443)):
        ports = {"protocol": "tcp", "port_range_min": port, "port_range_max": port} if port else {}
        cloud.network.create_security_group_rule(
            security_group_id=group.id, direction="ingress", remote_ip_prefix="198.51.100.0/24", **ports
        )
    flavor, image = cloud.compute.find_flavor("nf.small"), cloud.image.find_image("debian-12")

    def make(number: int) -> tuple[str, str | None, str]:
        own = openstack.connect(cloud="osbox")
        address = {"subnet_id": subnet.id, "ip_address": f"192.168.62.{10 + number}"}
        port = own.network.create_port(
            network_id=network.id, name=f"s{number}", security_group_ids=[groups[0].id], fixed_ips=[address]
        )
        server = own.compute.create_server(
            name=f"s{number}",
            flavor_id=flavor.id,
            image_id=image.id,
            key_name=key.name,
            networks=[{"port": port.id}],
        )
        if number == 0:  # the control plane, without a disk
            return own.compute.wait_for_server(server, wait=300, interval=1).id, None, port.id
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
    cloud.network.remove_interface_from_router(router, subnet_id=subnet.id)
    cloud.network.delete_router(router)
    for group in groups:
        cloud.network.delete_security_group(group)
    cloud.network.delete_network(network)
    cloud.compute.delete_keypair(key)
    return took, calls


def delete(made: tuple[str, str | None, str]) -> None:
    """Delete one machine of the script with its disk and port."""
    import openstack

    own = openstack.connect(cloud="osbox")
    server, volume, port = made
    own.compute.delete_server(server, ignore_missing=True)
    if there := own.compute.find_server(server, ignore_missing=True):
        own.compute.wait_for_delete(there, wait=300, interval=1)
    if volume:
        freed = own.block_storage.get_volume(volume)
        own.block_storage.wait_for_status(freed, "available", wait=300, interval=1)
        own.block_storage.delete_volume(volume)
    own.network.delete_port(port, ignore_missing=True)
