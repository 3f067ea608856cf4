"""Where Terraform keeps its state: backend.tf.json beside the configuration, of one site.

Whoever begins with another state begins with an empty one, and the next apply builds everything a second
time. So a backend is changed only together with its state, and a directory belongs to one site.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

from nightfleet.cloud.beside import write
from nightfleet.cloud.project import section
from nightfleet.cloud.terraform import Terraform
from nightfleet.errors import Exit, NightfleetError
from nightfleet.home import state_dir
from nightfleet.site import Site

FILE = "backend.tf.json"
COMMENT = "//"  # what Terraform passes over; it holds the site's name
MIGRATE = "nightfleet cloud init --migrate-state takes the state along"


def backend_text(site: Site) -> str:
    """Return backend.tf.json. The local backend keeps its state with the site, not in the clone. Pure."""
    backend = section(site).backend
    settings = dict(backend.settings)
    if backend.type == "local":
        settings.setdefault("path", str(state_dir(site.site) / "terraform.tfstate"))
    said = {COMMENT: site.site, "terraform": {"backend": {backend.type: settings}}}
    return json.dumps(said, indent=2) + "\n"


def planned(site: Site, migrate: bool = False) -> str:
    """Return what backend.tf.json would be. Refused as `prepare` is."""
    if migrate:
        check_owner(site, Terraform.of(site).directory / FILE)
        check_empty(site)
    else:
        check(site)
    return backend_text(site)


def prepare(site: Site, upgrade: bool = False, migrate: bool = False) -> Path:
    """Write backend.tf.json and prepare the directory; with `migrate` the state comes along."""
    terraform = Terraform.of(site)
    path = terraform.directory / FILE
    write(path, planned(site, migrate))
    terraform.init(upgrade, migrate)
    return path


def check(site: Site) -> None:
    """Refuse a directory that keeps another site's state, or this site's somewhere else."""
    path = Terraform.of(site).directory / FILE
    check_owner(site, path)
    there, wanted = said(path), json.loads(backend_text(site))["terraform"]["backend"]
    if there and there["terraform"]["backend"] != wanted:
        raise NightfleetError(
            f"the state is kept by {json.dumps(there['terraform']['backend'])},"
            f" and {site.path} (cloud.backend) wants {json.dumps(wanted)}",
            str(path),
            MIGRATE,
            Exit.REFUSED,
        )


def check_owner(site: Site, path: Path) -> None:
    """Refuse a directory of another site: one apply would make its machines this site's."""
    owner = said(path).get(COMMENT, site.site)
    if owner != site.site:
        raise NightfleetError(
            f"the directory is that of the site {owner!r}, and {site.site!r} is another one",
            str(path),
            f"copy the directory and name the copy in {site.path} (cloud.directory);"
            f" or delete the file, if no site {owner!r} is made from here any more",
            Exit.REFUSED,
        )


def check_empty(site: Site) -> None:
    """Refuse to write a state over another one."""
    with tempfile.TemporaryDirectory(prefix="nightfleet-") as name:
        there = Terraform(Path(name), section(site).tool, data=Path(name) / ".terraform")
        (there.directory / FILE).write_text(backend_text(site), encoding="utf-8")
        there.init()
        if found := there.addresses():
            raise NightfleetError(
                f"where the state would be taken to is one already, with {len(found)} resources",
                f"{site.path}: cloud.backend",
                "if it is this site's: nightfleet cloud init, without --migrate-state; else another place",
                Exit.REFUSED,
            )


def said(path: Path) -> dict[str, Any]:
    """Return what the file says; nothing when there is none."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        found["terraform"]["backend"].keys()
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        hint = "it is written by nightfleet cloud init: see what is in it, then delete it"
        raise NightfleetError("not what nightfleet cloud init writes", str(path), hint) from error
    return found
