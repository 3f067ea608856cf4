"""Operations that do nothing, each with some questions: what pyinfra costs whatever a deploy is about.

BARE is `operations,questions`. Questions are spread evenly over the operations.
"""

import os
from collections.abc import Generator

from pyinfra.api.command import StringCommand
from pyinfra.api.facts import FactBase
from pyinfra.api.operation import operation
from pyinfra.context import ctx_host, host

from deploys.hostops.connection import tend_connection


class Question(FactBase[str]):
    """One round trip."""

    def command(self) -> str:
        return "true"


@operation()
def ask(questions: int) -> Generator[StringCommand, None, None]:
    """Find nothing to do."""
    for _ in range(questions):
        host.get_fact(Question)
    host.noop("nothing to do")
    yield from ()


tend_connection(ctx_host.get())  # as the real deploys do
operations, questions = map(int, os.environ["BARE"].split(","))
for number in range(operations):
    ask(
        name=f"Operation {number}",
        questions=questions * (number + 1) // operations - questions * number // operations,
    )
