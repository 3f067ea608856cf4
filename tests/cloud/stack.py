"""The small example by Heat: for what needs machines and not Terraform's provider."""

import json
from pathlib import Path
from typing import Any

from cloud.box import ROOT, Box, wait_until
from cloud.project import KEY

HEAT = ROOT / "terraform" / "examples" / "small" / "heat"
PARAMETERS: dict[str, Any] = {
    "external_network": "public",
    "image": "debian-12",
    "flavor": "nf.small",
    "disk": 1,
    "admin_cidrs": {"office": "198.51.100.0/24"},
    "public_key": KEY,
    "workers": {"small-w1": "192.168.61.21", "small-w2": "192.168.61.22"},
}


class Stack:
    """One stack of the template."""

    def __init__(self, box: Box, **parameters: Any) -> None:
        self.box = box
        self.parameters = {**PARAMETERS, **parameters}

    def do(self, verb: str) -> None:
        """Create or update it, and wait until that is complete."""
        self.begin()
        ends = (f"{verb}_COMPLETE", f"{verb}_FAILED")
        wait_until(lambda: self.status() in ends, f"{verb} comes to an end", 300)
        assert self.status() == f"{verb}_COMPLETE", self.reason()

    def begin(self) -> None:
        """Ask for it to be created, or to become what the parameters say."""
        orchestration = self.box.member.orchestration
        body = {
            "stack_name": "small",
            "template": (HEAT / "small.yaml").read_text(),
            "files": {"worker.yaml": (HEAT / "worker.yaml").read_text()},
            "parameters": self.parameters,
            "timeout_mins": 10,
        }
        there = orchestration.find_stack("small", ignore_missing=True)
        path = f"/stacks/small/{there.id}" if there else "/stacks"
        # where Heat keeps a password instead of a trust it wants to be told it; others do not look at these
        auth = self.box.member.config.config["auth"]
        headers = {"X-Auth-User": auth["username"], "X-Auth-Key": auth["password"]}
        answer = (orchestration.put if there else orchestration.post)(path, json=body, headers=headers)
        assert answer.status_code < 300, answer.text

    def status(self) -> str:
        stack = self.box.member.orchestration.find_stack("small", ignore_missing=True)
        return str(stack.status) if stack else "GONE"

    def reason(self) -> str:
        """Return why it is as it is, in Heat's words."""
        return str(self._whole().status_reason)

    def hand_over(self, folder: Path) -> None:
        """Write its output beside a site file, as `nightfleet cloud output` does for Terraform's."""
        value = next(
            one["output_value"] for one in self._whole().outputs if one["output_key"] == "nightfleet"
        )
        (folder / "outputs.json").write_text(json.dumps({"nightfleet": {"value": value}}))

    def delete(self) -> None:
        orchestration = self.box.member.orchestration
        if there := orchestration.find_stack("small", ignore_missing=True):
            orchestration.delete_stack(there)
        wait_until(lambda: self.status() == "GONE", "the stack is gone", 300)

    def _whole(self) -> Any:
        orchestration = self.box.member.orchestration
        return orchestration.get_stack(orchestration.find_stack("small", ignore_missing=False))
