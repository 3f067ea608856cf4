"""What tests/fleet/bin/ssh runs: one command on one toy; 255, like ssh, when the host is not there."""

import json
import os
import shlex
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.fleet.toyhost import FailedError, toy  # without site-packages: 200 of these start at once


def main(words: list[str]) -> int:
    if words[2] == "-O":
        return 0
    name, command = words[2:4]
    if json.loads(os.environ.get("FAULTS", "{}")).get(name, {}).get("ssh_down"):
        print("ssh: connect to host: No route to host", file=sys.stderr)
        return 255
    try:
        print("\n".join(toy(name).hear(shlex.split(command)[-1])))
    except FailedError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


sys.exit(main(sys.argv[1:]))
