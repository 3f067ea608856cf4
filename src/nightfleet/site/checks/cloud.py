"""Claims about the section `cloud`."""

import re
from collections.abc import Iterator

from nightfleet.site.faults import Fault
from nightfleet.site.model import Site

CREDENTIAL = re.compile(r"password|passwd|secret|token|access_key|conn_str|credential|encryption_key")


def backends_hold_no_credentials(site: Site) -> Iterator[Fault]:
    """Settings of a backend are written to backend.tf.json and to Terraform's own files in clear."""
    for key in site.cloud.backend.settings if site.cloud else ():
        if CREDENTIAL.search(key):
            yield Fault(
                f"cloud.backend.settings: {key!r} would be a credential in clear",
                ("cloud", "backend", "settings", key),
                "give it by the backend's own environment variable: AWS_SECRET_ACCESS_KEY, PG_CONN_STR",
            )


def machines_are_made_once(site: Site) -> Iterator[Fault]:
    if site.cloud and site.lab:
        yield Fault(
            "machines are made by the lab or by Terraform, and the site has sections for both",
            ("cloud",),
            "take one of the sections out",
        )


CLOUD = (backends_hold_no_credentials, machines_are_made_once)
