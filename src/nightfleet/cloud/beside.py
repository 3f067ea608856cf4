"""Files beside a configuration or a site file: replaced at once, so that nobody reads half of one."""

import os
import tempfile
from pathlib import Path


def write(path: Path, text: str) -> None:
    """Replace a file at once, and leave it alone when it says this already."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)
