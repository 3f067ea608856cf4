"""A new site begins as a copy of one of the explained examples. Pure: text in, text out."""

import re
from enum import StrEnum

from nightfleet.errors import Exit, NightfleetError
from nightfleet.site.section import LABEL


class Example(StrEnum):
    """The sites under inventory/ that are made to be copied."""

    LAB = "lab"
    CAMPUS = "campus"
    RACK = "rack"
    OPENSTACK = "openstack"


def started(text: str, example: Example, name: str) -> str:
    """Return the example's site file as the beginning of the site `name`."""
    if not re.fullmatch(LABEL, name):
        raise NightfleetError(
            f"{name!r} cannot be the name of a site",
            hint="lower-case letters, digits and '-' inside, at most 63",
            exit_code=Exit.USAGE,
        )
    text = re.sub(rf"^site: {example}\b", f"site: {name}", text, flags=re.MULTILINE)
    text = text.replace(f"--site {example}", f"--site {name}")
    return text.replace(f"/lab/{example}/", f"/lab/{name}/")  # where `lab up` keeps keys
