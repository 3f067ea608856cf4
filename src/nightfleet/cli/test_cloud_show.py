"""Claims about what is printed of a plan's cost."""

import io

from rich.console import Console

from nightfleet.cli.cloud_show import print_budget
from nightfleet.cloud.budget import Budget


def printed(budget: Budget) -> list[str]:
    said = io.StringIO()
    print_budget(Console(file=said, width=200), budget)
    return said.getvalue().splitlines()


def test_a_cost_says_what_is_not_in_it() -> None:
    assert printed(
        Budget({"gpus": 1}, (), ("quota of gpus: no service tells it",), 2.5, "EUR", ("volumes",))
    ) == [
        "needs: 1 gpus",
        "not known: quota of gpus: no service tells it",
        "cost: +2.50 EUR an hour, +1825 a month; no price for volumes",
        "not in it: load balancers, routers, shares, copies, traffic",
    ]


def test_without_prices_nothing_is_said_of_what_is_not_in_them() -> None:
    assert printed(Budget({"gpus": 1}, (), (), 0.0, "EUR")) == ["needs: 1 gpus"]
