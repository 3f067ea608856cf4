"""pyinfra with every channel counted that it opens on an ssh connection; each command needs one.

counted.py FILE ARGUMENTS...    writes {"address": channels} to FILE when pyinfra ends
"""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from paramiko import Channel, Transport
from pyinfra_cli.main import main as pyinfra

if __name__ == "__main__":
    target = Path(sys.argv.pop(1))
    opened: Counter[str] = Counter()
    open_channel = Transport.open_channel

    def counted(self: Transport, *words: Any, **options: Any) -> Channel:
        opened[self.getpeername()[0]] += 1
        return open_channel(self, *words, **options)

    Transport.open_channel = counted  # type: ignore[method-assign]
    try:
        pyinfra()
    finally:
        target.write_text(json.dumps(opened))
