"""The host that pyinfra is working on: its site, its node, its machine, and its answers."""

from functools import cache
from typing import Any

from gevent import GreenletExit
from pyinfra.api.facts import FactBase
from pyinfra.api.host import Host
from pyinfra.context import ctx_host

from deploys.hostops.facts import MachineFact
from deploys.hostops.machine import Machine
from nightfleet.site import Node, Site, load_site


def site() -> Site:
    """Return the site that this host belongs to."""
    return load_site(ctx_host.get().data.site)


def node() -> Node:
    """Return the site's node behind this host; `@fake/` and other connector prefixes do not count."""
    return site().node(ctx_host.get().name.rpartition("/")[2])


def machine() -> Machine:
    """Ask the host what it is; once in a run, since pyinfra caches no facts."""
    return _machine_of(ctx_host.get())


def arch() -> str:
    """Return the Debian name of the host's architecture."""
    return machine().arch


def ask(fact: type[FactBase[Any]], **arguments: Any) -> Any:
    """Return the host's answer; without one, end this host's part of the run here.

    pyinfra counts a host among the failed when a fact cannot be had, but lets its code go on with a default
    that nobody said. What that code then does is wrong, and what it raises ends the run for every host.
    Hosts have a greenlet each: leaving it harms no other.
    """
    return _answer(ctx_host.get(), fact, **arguments)


@cache
def _machine_of(host: Host) -> Machine:
    found: Machine = _answer(host, MachineFact)
    return found


def _answer(host: Host, fact: type[FactBase[Any]], **arguments: Any) -> Any:
    answer = host.get_fact(fact, **arguments)
    if host in host.state.failed_hosts:
        raise GreenletExit(f"{host.name} did not answer {fact.__name__}")
    return answer
