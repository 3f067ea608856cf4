"""Claims about questions: what the shell on a control plane makes of an API server's answer."""

import subprocess
from pathlib import Path

import pytest

from nightfleet.upgrade.observe import METRICS

LINE = 'apiserver_requested_deprecated_apis{group="policy",removed_release="1.25"} 1'


@pytest.mark.parametrize(
    ("kubectl", "code", "out"),
    [
        (f"echo '# HELP'; echo '{LINE}'; echo apiserver_request_total 3", 0, LINE),
        ("echo apiserver_request_total 3", 0, ""),
        ("echo connection refused >&2; exit 1", 1, ""),
        (f"echo '{LINE}'; echo unexpected EOF >&2; exit 1", 1, ""),
    ],
)
def test_metrics_that_cannot_be_read_are_told_from_those_that_hold_nothing(
    tmp_path: Path, kubectl: str, code: int, out: str
) -> None:
    for name, text in (("kubectl", kubectl), ("sleep", f"echo >>{tmp_path}/slept")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        ["sh", "-c", METRICS.format(address="10.0.0.11")],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (code, out)
    assert (tmp_path / "slept").exists() is bool(code), "it is asked again before it counts as silent"
