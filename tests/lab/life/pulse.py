"""A client that writes a ConfigMap ten times a second, whatever happens, and counts what was lost.

    python -m tests.lab.life.pulse KUBECONFIG SECONDS

Each write is a client of its own: it connects, waits two seconds at most, and is never tried again. Writes
begin on time also while earlier ones are still waiting, so that an outage is counted and not slept through.
"""

import base64
import http.client
import json
import math
import ssl
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import yaml

EVERY = 0.1  # seconds
PATIENCE = 2.0  # seconds for a whole write
PATH = "/api/v1/namespaces/default/configmaps"
NAME = "pulse"


@dataclass(frozen=True, slots=True)
class Write:
    """One write: when it began and ended (seconds since the first), and why it failed, "" when it did not."""

    began: float
    ended: float
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Loss:
    """What a client has seen. `longest_gap`: seconds between two successful writes, the longest."""

    writes: int
    failed: int
    longest_gap: float
    slowest: float
    faults: dict[str, int]

    def __str__(self) -> str:
        why = ", ".join(f"{fault} ({count})" for fault, count in sorted(self.faults.items()))
        told = f": {why}" if why else ""
        return (
            f"{self.failed} of {self.writes} writes failed{told}; longest gap {self.longest_gap:.2f} s,"
            f" slowest write {self.slowest:.2f} s"
        )


def loss(writes: Sequence[Write], since: float = 0.0, until: float = math.inf) -> Loss:
    """Sum up what began in that time; a gap reaches from one successful write's end to the next one's."""
    writes = [write for write in writes if since <= write.began < until]
    good = sorted(write.ended for write in writes if not write.fault)
    last = max((write.ended for write in writes), default=since)
    ends = [since, *good, last]
    faults: dict[str, int] = {}
    for write in writes:
        if write.fault:
            faults[write.fault] = faults.get(write.fault, 0) + 1
    return Loss(
        writes=len(writes),
        failed=sum(faults.values()),
        longest_gap=max(after - before for before, after in pairwise(ends)),
        slowest=max((write.ended - write.began for write in writes if not write.fault), default=0.0),
        faults=faults,
    )


class Pulse:
    """Writes from start() to stop(). `seen` grows meanwhile."""

    def __init__(self, kubeconfig: Path, server: str = "") -> None:
        named, self._tls = access(kubeconfig)
        self.server = server or named
        self.seen: list[Write] = []
        self._stopped = threading.Event()
        self._zero = 0.0
        self._clock = threading.Thread(target=self._beat, daemon=True)

    def start(self) -> None:
        """Make the ConfigMap, then begin to write it."""
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": NAME}}
        status = self._ask("POST", PATH, body, "application/json")
        assert status in (201, 409), status
        self._zero = time.monotonic()
        self._clock.start()

    def stop(self) -> Loss:
        """Wait for what is under way and say what was lost."""
        self._stopped.set()
        self._clock.join()
        return loss(self.seen)

    def now(self) -> float:
        """Return the seconds since the first write."""
        return time.monotonic() - self._zero

    def good(self) -> int:
        """Return how many writes have succeeded so far."""
        return sum(not write.fault for write in list(self.seen))

    def _beat(self) -> None:
        under_way: list[threading.Thread] = []
        number = 0
        while not self._stopped.is_set():
            under_way = [one for one in under_way if one.is_alive()]
            under_way.append(threading.Thread(target=self._write, args=(number,), daemon=True))
            under_way[-1].start()
            number += 1
            self._stopped.wait(max(0.0, self._zero + number * EVERY - time.monotonic()))
        for one in under_way:
            one.join()

    def _write(self, number: int) -> None:
        began, fault = time.monotonic(), ""
        try:
            status = self._ask(
                "PATCH", f"{PATH}/{NAME}", {"data": {"beat": str(number)}}, "application/merge-patch+json"
            )
            fault = "" if status == 200 else f"HTTP {status}"
        except (OSError, http.client.HTTPException) as error:
            fault = type(error).__name__
        ended = time.monotonic()
        if not fault and ended - began > PATIENCE:
            fault = "TimeoutError"
        self.seen.append(Write(began - self._zero, ended - self._zero, fault))

    def _ask(self, method: str, path: str, body: object, kind: str) -> int:
        where = urlsplit(self.server)
        line = http.client.HTTPSConnection(
            str(where.hostname), where.port, timeout=PATIENCE, context=self._tls
        )
        try:
            line.request(method, path, json.dumps(body), {"Content-Type": kind})
            answer = line.getresponse()
            answer.read()
            return answer.status
        finally:
            line.close()


def access(kubeconfig: Path) -> tuple[str, ssl.SSLContext]:
    """Return the server of a kubeconfig and what opens it."""
    config = yaml.safe_load(kubeconfig.read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    context = ssl.create_default_context(cadata=authority)
    with tempfile.TemporaryDirectory() as folder:
        pair = Path(folder, "pair.pem")  # ssl reads certificates from files only
        pair.touch(mode=0o600)
        parts = (user["client-certificate-data"], user["client-key-data"])
        pair.write_bytes(b"".join(base64.b64decode(part) for part in parts))
        context.load_cert_chain(pair)
    return cluster["server"], context


@contextmanager
def writing(kubeconfig: Path, server: str = "") -> Iterator[Pulse]:
    """Write for as long as the block runs, to the kubeconfig's server or to another one of its cluster."""
    pulse = Pulse(kubeconfig, server)
    pulse.start()
    try:
        yield pulse
    finally:
        pulse.stop()


if __name__ == "__main__":
    with writing(Path(sys.argv[1])) as running:
        time.sleep(float(sys.argv[2]))
    print(loss(running.seen))
