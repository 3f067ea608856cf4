"""A small deploy with every way to fail; host data says who does. Order: install, check, join, ask."""

import time

from pyinfra.api.operation import operation
from pyinfra.context import host
from pyinfra.facts.server import Kernel
from pyinfra.operations import python, server

from deploys.hostops.progress import report_progress
from deploys.hostops.refusal import refuse_if

report_progress()


@operation()
def install():
    if host.data.get("new"):
        yield "apt-get install containerd"


@operation()
def ask():
    if host.data.get("raises") == "acting":
        raise ValueError("boom")
    host.get_fact(Kernel)
    if host.data.get("new"):
        yield "systemctl restart containerd"


def join():
    server.shell(name="kubeadm join", commands=["kubeadm join --token abcdef.0123456789abcdef"])


def wait():
    time.sleep(host.data.get("waits", 0))


install(name="Install containerd")

if host.data.get("raises") == "planning":
    raise ValueError("boom")

refuse_if(name="Check the clock", reasons=host.data.get("refusals", []))

if "first_control_plane" in host.groups:
    server.shell(name="Wait", commands=["true"], _if=lambda: bool(host.data.get("waits")))

if host.data.get("waits"):
    python.call(name="Wait long", function=wait)

if host.data.get("joins"):
    python.call(name="Join", function=join)

ask(name="Ask for the kernel")
