"""What is wrong with the hosts comes from FAULTS: {"w1": {"fake_down": true}, ...} as JSON."""

import json
import os
from pathlib import Path

from nightfleet.site import load_site
from tests.fleet.fakes import pretend

globals().update(
    pretend(
        load_site(Path(__file__).with_name("site.yaml")).groups(),
        special=json.loads(os.environ.get("FAULTS", "{}")),
    )
)
