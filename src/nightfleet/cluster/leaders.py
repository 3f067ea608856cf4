"""Who acts for the cluster: the controllers and the scheduler, each of which leads by a lease that it renews.

When a leader has ended, another one waits until its lease is over (15 s) before it acts. Until then nothing
takes a pod that ended out of a Service: whoever empties a node meanwhile sends requests to where nobody is.
"""

import time
from collections.abc import Mapping

from nightfleet.cluster.api import Api
from nightfleet.errors import NightfleetError

LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"
LEADERS = ("kube-controller-manager", "kube-scheduler")


def renewals(api: Api) -> dict[str, str]:
    """Return when each last renewed its lease, by its own clock; "" for one that has none."""
    found = {name: api.find(f"{LEASES}/{name}") for name in LEADERS}
    return {name: str((lease or {}).get("spec", {}).get("renewTime") or "") for name, lease in found.items()}


def resting(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return who has not renewed since. Two looks are compared: clocks of hosts are not. Pure."""
    return [name for name in LEADERS if not now.get(name) or now[name] == before.get(name)]


def wait_leaders(api: Api, where: str, seconds: float = 120) -> None:
    """Wait until each has renewed its lease. NightfleetError names who does not."""
    before, end = renewals(api), time.monotonic() + seconds
    while names := resting(before, renewals(api)):
        if time.monotonic() > end:
            hint = "kubectl -n kube-system get leases,pods; crictl logs on the control planes"
            raise NightfleetError(f"nobody acts as {' and '.join(names)}", where, hint)
        time.sleep(0.5)
