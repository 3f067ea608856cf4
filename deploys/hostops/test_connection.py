import pytest
from paramiko import SSHException

from deploys.hostops.connection import name_loss


class Client:
    """Stands for paramiko's client: the other side ends as soon as it is spoken to."""

    def exec_command(self, command: str) -> None:
        raise EOFError(command)


def test_a_connection_that_ends_as_a_command_is_sent_is_told_in_words_that_pyinfra_knows() -> None:
    client = Client()
    name_loss(client)
    name_loss(client)  # once is enough
    with pytest.raises(SSHException, match="the host closed the connection") as caught:
        client.exec_command("true")
    assert isinstance(caught.value.__cause__, EOFError)


def test_a_connector_without_ssh_is_left_alone() -> None:
    name_loss(None)
