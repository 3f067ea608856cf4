"""What Terraform made, recorded beside the site file, which takes its nodes from there."""

import json
from datetime import UTC, datetime
from pathlib import Path

from nightfleet.cloud import backend
from nightfleet.cloud.beside import write
from nightfleet.cloud.project import section
from nightfleet.cloud.terraform import Terraform
from nightfleet.errors import NightfleetError
from nightfleet.home import state_dir
from nightfleet.site import Site
from nightfleet.site.handover import OUTPUT, read_handover
from nightfleet.site.made import outputs_path


def record(site: Site) -> Path:
    """Write the output `nightfleet` beside the site file. Others stay in the state: they may be secrets."""
    path, text = record_of(site), kept(site)
    write(path, text)
    return path


def kept(site: Site) -> str:
    """Return what would be recorded. NightfleetError when Terraform has nothing to hand over."""
    backend.check(site)
    terraform = Terraform.of(site)
    text = terraform.output()
    try:
        read_handover(text)
    except ValueError as error:
        if not json.loads(text or "{}"):
            raise NightfleetError(
                "Terraform's state holds no outputs: nothing is made, or this is not the site's state",
                str(terraform.directory / backend.FILE),
                "see there where the state is kept; nightfleet cloud apply makes the machines",
            ) from error
        raise NightfleetError(
            f"the outputs cannot become a site: {error}",
            str(terraform.directory),
            "the examples under terraform/examples show the output `nightfleet`",
        ) from error
    return json.dumps({OUTPUT: json.loads(text)[OUTPUT]}, indent=2) + "\n"


def forget(site: Site) -> Path | None:
    """After everything is destroyed: the machines are not made any more, nor is their cluster there.

    Its kubeconfig is put aside, else the guard would go on asking that cluster. Return where it lies now.
    """
    record_of(site).unlink(missing_ok=True)
    kubeconfig = state_dir(site.site) / "kubeconfig"
    if not kubeconfig.exists():
        return None
    return kubeconfig.rename(kubeconfig.with_name(f"kubeconfig-{datetime.now(UTC):%Y%m%d-%H%M%S}"))


def record_of(site: Site) -> Path:
    """Return the file of outputs."""
    return outputs_path(section(site).outputs, site.path)
