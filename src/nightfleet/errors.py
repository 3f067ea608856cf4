"""The one error that a user sees, and the exit codes of every command.

A user's mistake or a fault of the world is a `NightfleetError`: what is wrong, where, and the way out.
It is raised at the edges and printed once, by the command line; a traceback means a bug in nightfleet.
"""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes (docs/reference/exit-codes)."""

    DONE = 0  # or there was nothing to do
    FAILED = 1  # what was asked for did not happen
    USAGE = 2  # bad arguments or an invalid site
    REFUSED = 3  # a guard said no: a human has to decide
    PARTLY = 4  # some nodes are done, the report names the others


class NightfleetError(Exception):
    """What is wrong, where (file:line, node or object), and what to do about it."""

    def __init__(self, what: str, where: str = "", hint: str = "", exit_code: Exit = Exit.FAILED) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint
        self.exit_code = exit_code

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        hint = f"\n  hint: {self.hint}" if self.hint else ""
        return f"{place}{self.what}{hint}"
