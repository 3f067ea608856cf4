"""Does an API server answer? It is asked for its version: that needs no credentials, and changes nothing."""

import json
import ssl
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException, HTTPSConnection

PATIENCE = 2.0  # seconds; all are asked at the same time


def who_answers(doors: Sequence[str], patience: float = PATIENCE) -> str:
    """Return the first host:port where an API server is; "" when none is.

    That a connection is taken is not enough: a load balancer takes it with nobody behind, and a proxy on the
    way speaks TLS for everybody.
    """
    with ThreadPoolExecutor(max_workers=len(doors) or 1) as pool:
        answers = list(pool.map(lambda door: answers_at(door, patience), doors))
    return next((door for door, answer in zip(doors, answers, strict=True) if answer), "")


def answers_at(door: str, patience: float) -> bool:
    """Tell whether host:port says a version of Kubernetes, or refuses to in Kubernetes' form."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # nothing is told, nothing believed
    host, _, port = door.rpartition(":")
    line = HTTPSConnection(host.strip("[]"), int(port), timeout=patience, context=context)
    try:
        line.request("GET", "/version")
        said = json.loads(line.getresponse().read(65536))
    except (OSError, HTTPException, ValueError):
        return False
    finally:
        line.close()
    return isinstance(said, dict) and ("gitVersion" in said or said.get("kind") == "Status")
