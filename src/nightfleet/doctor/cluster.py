"""The cluster: kubeconfig, API server, nodes, certificates. Judging is pure."""

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import yaml
from cryptography import x509

from nightfleet.cluster.certificates import Certificate, first_to_end
from nightfleet.finding import Finding, Status, gathered
from nightfleet.site import Role, Site

SOON = 30  # days
RENEW = "`nightfleet node renew-certificates` makes those of control planes anew"


@dataclass(frozen=True, slots=True)
class Access:
    """What a kubeconfig made by kubeadm says: where the API is, whom to trust, who we are (PEM texts)."""

    server: str
    authority: str
    certificate: str
    key: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What the API server answered."""

    version: str  # v1.36.3
    server_certificate_ends: datetime
    ready: Mapping[str, str]  # node: True, False or Unknown, as in its condition


def read_access(text: str) -> Access | None:
    """Return the current context of a kubeconfig; None when it has no embedded certificates."""
    try:
        config = yaml.safe_load(text)
        context = _named(config["contexts"], config["current-context"])["context"]
        cluster = _named(config["clusters"], context["cluster"])["cluster"]
        user = _named(config["users"], context["user"])["user"]
        pem = [
            base64.b64decode(value).decode()
            for value in (
                cluster["certificate-authority-data"],
                user["client-certificate-data"],
                user["client-key-data"],
            )
        ]
    except (yaml.YAMLError, KeyError, TypeError, StopIteration, binascii.Error, UnicodeDecodeError):
        return None
    return Access(cluster["server"], *pem)


def kubeconfig(path: str, text: str | None, access: Access | None, site: Site) -> Finding:
    """Judge the operator's kubeconfig; `text` is None when the file is not there."""
    hint = f"`nightfleet {'lab up' if site.lab else f'converge --site {site.site}'}` writes it"
    if text is None:
        return Finding(
            "kubeconfig", Status.UNKNOWN, f"{path} is not there: no cluster was made from here", hint
        )
    if access is None:
        return Finding("kubeconfig", Status.UNKNOWN, f"{path} has no client certificate to look with", hint)
    return Finding("kubeconfig", Status.OK, f"{path} for {access.server}")


def api(site: Site, seen: Seen | str) -> Finding:
    """Judge the API server; a text is why it did not answer."""
    if isinstance(seen, str):
        where = site.first_control_plane.name
        hint = f"on {where}: crictl ps --name kube-apiserver, and journalctl -u kubelet"
        return Finding("api", Status.FAIL, seen, hint)
    wanted = f"v{site.artifacts.kubernetes}"
    if seen.version != wanted:
        what = f"{seen.version} answers, the site says {wanted}"
        return Finding("api", Status.WARN, what, f"`nightfleet plan --site {site.site}` shows what is open")
    return Finding("api", Status.OK, f"{seen.version} answers at {site.endpoint}")


def nodes(site: Site, seen: Seen) -> Iterator[Finding]:
    """Judge whether every machine of the cluster is a node that is Ready."""
    members = [node.name for node in site.fleet if node.roles & {Role.CONTROL_PLANE, Role.WORKER}]
    verdicts = {name: _ready(site, name, seen.ready.get(name)) for name in members}
    return gathered("nodes", verdicts, "Ready")


def certificates(seen: Seen, client_pem: str, now: datetime) -> Iterator[Finding]:
    """Judge how long the API server's and the operator's certificates are still good."""
    client = x509.load_pem_x509_certificate(client_pem.encode()).not_valid_after_utc
    yield _days_left("api certificate", seen.server_certificate_ends, now, RENEW)
    yield _days_left("operator certificate", client, now, RENEW)


def node_certificates(found: Mapping[str, Sequence[Certificate] | str], now: datetime) -> Iterator[Finding]:
    """Judge what lies on the nodes: of each the certificate that ends first; a text is why it is unknown."""
    verdicts = {name: _first_to_end(some, now) for name, some in found.items()}
    ends = [one.ends for some in found.values() if not isinstance(some, str) for one in some]
    best = f"good for {(min(ends) - now).days} days or more" if ends else "none yet"
    return gathered("node certificates", verdicts, best)


def _first_to_end(some: Sequence[Certificate] | str, now: datetime) -> Finding:
    if isinstance(some, str):
        return Finding("node certificates", Status.UNKNOWN, some)
    first = first_to_end(some)
    if first is None:
        return Finding("node certificates", Status.OK, "none yet")
    way = RENEW if first.by_kubeadm else "kubelet renews its own: journalctl -u kubelet says what keeps it"
    verdict = _days_left("node certificates", first.ends, now, way)
    return replace(verdict, what=f"{first.path} {verdict.what}")


def _days_left(check: str, ends: datetime, now: datetime, renew: str) -> Finding:
    days = (ends - now).days
    if days < 0:
        return Finding(check, Status.FAIL, f"ended on {ends.astimezone(UTC):%Y-%m-%d}", renew)
    status = Status.WARN if days < SOON else Status.OK
    return Finding(check, status, f"good for {days} days", renew if status is Status.WARN else "")


def _ready(site: Site, name: str, condition: str | None) -> Finding:
    if condition == "True":
        return Finding("nodes", Status.OK, "Ready")
    if condition is None:
        hint = f"`nightfleet converge {name} --site {site.site}` joins it"
        return Finding("nodes", Status.FAIL, "is not in the cluster", hint)
    # kubelet has not reported for a while: the controller manager says Unknown.
    what = "NotReady" if condition == "False" else "has not reported to the API server"
    return Finding("nodes", Status.FAIL, what, f"on {name}: journalctl -u kubelet -u containerd")


def _named(items: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(item for item in items if item["name"] == name)
