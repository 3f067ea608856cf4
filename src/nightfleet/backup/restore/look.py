"""What the control planes, and this operator's kubeconfig, say about the cluster that is or was."""

import base64
import binascii
import hashlib
import shlex
import ssl
from importlib.resources import files

import yaml

from nightfleet.backup.restore.plan import Look
from nightfleet.cluster.ssh import Said, Shell
from nightfleet.home import state_dir
from nightfleet.site import Role, Site

HOST = files(__package__).joinpath("host.sh").read_text(encoding="utf-8")


def script(site: Site, node: str, run: str, call: str) -> str:
    """Return host.sh with one call at its end. Pure."""
    values = {"NODE": node, "ADDRESS": str(site.node(node).address), "RUN": run}
    head = "".join(f"{key}={shlex.quote(value)}\n" for key, value in values.items())
    return f"{head}{HOST}\n{call}\n"


def looks(shell: Shell) -> list[Look]:
    """Ask every control plane of the site."""
    site = shell.site
    names = [node.name for node in site.having(Role.CONTROL_PLANE)]
    return [
        read_look(said)
        for said in shell.map(
            names, lambda name: shell.run(name, script(site, name, "look", "look"))
        ).values()
    ]


def read_look(said: Said) -> Look:
    """Read a control plane's answer. Pure."""
    if said.code != 0:
        return Look(said.node, silent=said.why)
    words = dict.fromkeys(said.out.splitlines())
    values = dict(word.split(" ", 1) for word in words if " " in word)
    return Look(
        said.node,
        ca=values.get("ca", ""),
        keys="keys" in words,
        manifests="manifests" in words,
        data="data" in words,
        runs="runs" in words,
        revision=int(values.get("healthy") or 0),
        prepared="prepared" in words,
        restored=values.get("restored", ""),
    )


def kubeconfig_ca(site: Site) -> str:
    """Return the sum of the CA certificate in this operator's kubeconfig; empty when there is none."""
    try:
        config = yaml.safe_load((state_dir(site.site) / "kubeconfig").read_text(encoding="utf-8"))
        return ca_of(base64.b64decode(config["clusters"][0]["cluster"]["certificate-authority-data"]))
    except (OSError, yaml.YAMLError, KeyError, IndexError, TypeError, ValueError, binascii.Error):
        return ""


def ca_of(pem: bytes) -> str:
    """Return the sha256 of a certificate, by its DER form. ValueError when it is none."""
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem.decode().strip())).hexdigest()
