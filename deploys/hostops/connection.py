"""A quick connection that notices when its host is gone."""

import contextlib
import socket
from typing import Any

from paramiko import SSHException
from pyinfra.api.host import Host

GONE_AFTER = 30  # seconds without an answer
PROBE_EVERY = 5


def tend_connection(host: Host) -> None:
    """Set what pyinfra's ssh connector leaves unset; does nothing for other connectors.

    Without TCP_NODELAY a command takes some 60 ms longer on a near host. Without keepalive a host that lost
    its power is waited for by everybody at the next barrier until TCP gives up, a quarter of an hour later.
    """
    transport = ssh_transport(host)
    name_loss(getattr(host.connector, "client", None))
    link: Any = getattr(transport, "sock", None)
    if not hasattr(link, "setsockopt"):  # a proxy command or a jump host's channel
        return
    with contextlib.suppress(OSError):
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, PROBE_EVERY)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, PROBE_EVERY)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, GONE_AFTER // PROBE_EVERY)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, GONE_AFTER * 1000)


def name_loss(client: Any) -> None:
    """Let a lost connection always be an SSHException, after which pyinfra gives up that host alone.

    When the other side ends just as a command is sent, paramiko 4 raises EOFError, and pyinfra 3.10 lets what
    it does not know pass up through the deploy.
    """
    send = getattr(client, "exec_command", None)
    if send is None or "exec_command" in vars(client):  # ours already
        return

    def exec_command(*arguments: Any, **how: Any) -> Any:
        try:
            return send(*arguments, **how)
        except EOFError as error:
            raise SSHException("the host closed the connection") from error

    client.exec_command = exec_command


def is_connected(host: Host) -> bool:
    """Tell whether the host's ssh connection stands; other connectors always do."""
    transport = ssh_transport(host)
    return transport is None or bool(transport.is_active())


def ssh_transport(host: Host) -> Any:
    """Return paramiko's transport, or None without one."""
    client = getattr(host.connector, "client", None)
    return client.get_transport() if client is not None else None
