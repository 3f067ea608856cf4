"""Looking: files, TCP connects, ssh questions, HTTPS to the API server. Everything that can fail says why."""

import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from nightfleet.doctor.cluster import Access, Seen
from nightfleet.doctor.nodes import Look
from nightfleet.site import Node, Site

T = TypeVar("T")
PATIENCE = 4.0  # seconds for a connect
AT_ONCE = 32
VERSION = re.compile(r"\d+\.\d+")
PLACES = ("/", "/var/lib/containerd", "/var/lib/kubelet", "/var/lib/etcd")
ASK = f"date +%s.%N; df -P {' '.join(PLACES)} 2>/dev/null || true"


def of_each(nodes: Sequence[Node], probe: Callable[[Node], T]) -> dict[str, T]:
    """Probe many nodes at once, in the order of the site."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip((node.name for node in nodes), pool.map(probe, nodes), strict=True))


def connects(node: Node, port: int) -> str | None:
    """Return why the port does not answer, None when it does."""
    try:
        socket.create_connection((str(node.address), port), PATIENCE).close()
    except TimeoutError:
        return f"no answer within {PATIENCE:.0f} s"
    except OSError as error:
        return (error.strerror or str(error)).lower()
    return None


def look(node: Node, site: Site) -> Look | str:
    """Log in once and ask for the clock and the file systems; a text is ssh's complaint."""
    connection = site.connection
    options = {
        "BatchMode": "yes",
        "ConnectTimeout": f"{PATIENCE:.0f}",
        "IdentitiesOnly": "yes",
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": str(site.file(connection.known_hosts)),
        "GlobalKnownHostsFile": "/dev/null",
        "LogLevel": "ERROR",
    }
    words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    target = [
        "-i",
        str(site.file(connection.key)),
        "-p",
        str(connection.port),
        f"{connection.user}@{node.address}",
    ]
    before = time.time()
    try:
        done = subprocess.run(
            ["ssh", *words, *target, ASK],
            check=False,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=5 * PATIENCE,
        )
    except (subprocess.TimeoutExpired, FileNotFoundError) as error:
        return "ssh is not installed" if isinstance(error, FileNotFoundError) else "no answer after the login"
    after = time.time()
    if done.returncode != 0:
        complaints = done.stderr.strip().splitlines()
        return complaints[-1].strip() if complaints else f"ssh ended with {done.returncode}"
    return parse_look(done.stdout, before, after)


def parse_look(output: str, before: float, after: float) -> Look | str:
    """Read the answer to ASK; the node's clock was read somewhere between `before` and `after`."""
    lines = output.splitlines()
    try:
        clock = float(lines[0])
        rows = [line.split() for line in lines[2:]]
        used = {row[5]: int(row[4].rstrip("%")) for row in rows if row[4] != "-"}
    except (ValueError, IndexError):
        return f"strange answer: {output[:60]!r}"
    return Look(clock - (before + after) / 2, (after - before) / 2, used)


def ask_api(access: Access) -> Seen | str:
    """Ask the API server for its version and nodes; a text is why it did not answer."""
    address = urlsplit(access.server)
    try:
        context = ssl.create_default_context(cadata=access.authority)
        _identify(context, access)
        connection = http.client.HTTPSConnection(
            address.hostname or "", address.port or 443, timeout=PATIENCE, context=context
        )
        version = _get(connection, "/version")["gitVersion"]
        ends = _ends(connection.sock)
        items = _get(connection, "/api/v1/nodes")["items"]
        connection.close()
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
        return f"{access.server}: {error}".lower()
    return Seen(version, ends, {item["metadata"]["name"]: ready(item) for item in items})


def ready(node: Mapping[str, dict[str, list[dict[str, str]]]]) -> str:
    """Return the status of a node's Ready condition; Unknown when it has none yet."""
    conditions = node["status"].get("conditions", [])
    return next((one["status"] for one in conditions if one["type"] == "Ready"), "Unknown")


def says(program: str, *words: str) -> str | None:
    """Return the line with the version in what a program says about itself, None when it is not there."""
    path = shutil.which(program)
    if path is None:
        return None
    done = subprocess.run(
        [path, *words], check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    lines = done.stdout.splitlines()
    return next((line.strip() for line in lines if VERSION.search(line)), path)


def read(path: Path) -> str | None:
    """Return a file's text, None when it is not there or not for us."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return None


def mode_of(path: Path) -> tuple[int | None, bool]:
    """Return a file's mode (None when it is not there) and whether we were allowed to look."""
    try:
        return path.stat().st_mode, True
    except PermissionError:
        return None, False
    except OSError:
        return None, True


def free(path: Path) -> int | None:
    """Return the bytes that are free where `path` is or will be."""
    existing = next((place for place in (path, *path.parents) if place.exists()), None)
    return shutil.disk_usage(existing).free if existing else None


def _get(connection: http.client.HTTPSConnection, path: str) -> dict[str, Any]:
    connection.request("GET", path, headers={"Accept": "application/json"})
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != http.client.OK:
        raise ValueError(f"{path} answered {answer.status} {answer.reason}")
    content: dict[str, Any] = json.loads(body)
    return content


def _ends(sock: ssl.SSLSocket) -> datetime:
    presented = sock.getpeercert() or {}
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(presented["notAfter"])), UTC)


def _identify(context: ssl.SSLContext, access: Access) -> None:
    """Load the client certificate; OpenSSL wants a file, and a private key should not lie on a disk."""
    handle = os.memfd_create("kubeconfig")
    try:
        os.write(handle, (access.certificate + access.key).encode())
        context.load_cert_chain(f"/proc/self/fd/{handle}")
    finally:
        os.close(handle)
