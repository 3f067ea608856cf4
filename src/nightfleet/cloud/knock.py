"""Does an API server answer? A handshake and nothing more: it needs no credentials, and changes nothing."""

import socket
import ssl
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

PATIENCE = 2.0  # seconds; all are asked at the same time


def who_answers(doors: Sequence[str], patience: float = PATIENCE) -> str:
    """Return the first host:port that speaks TLS; "" when none does.

    That a connection is taken is not enough: a load balancer takes it with nobody behind.
    """
    with ThreadPoolExecutor(max_workers=len(doors) or 1) as pool:
        answers = list(pool.map(lambda door: answers_at(door, patience), doors))
    return next((door for door, answer in zip(doors, answers, strict=True) if answer), "")


def answers_at(door: str, patience: float) -> bool:
    """Tell whether somebody speaks TLS at host:port."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # nothing is told, nothing believed
    host, _, port = door.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), patience) as line:
            context.wrap_socket(line).close()
    except OSError:
        return False
    return True
