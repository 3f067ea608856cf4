"""What belongs to the clone: the files that git tracks or would track."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def tracked(folder: str) -> tuple[Path, ...]:
    """Return the files under `folder` that git does not ignore, relative to the clone."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = (Path(name) for name in listing.stdout.split("\0") if name)
    return tuple(sorted({path for path in paths if (ROOT / path).is_file()}))


def shell_files() -> list[Path]:
    """Return the files that a shell runs, by name or by first line."""
    return [path for path in tracked(".") if path.suffix == ".sh" or _starts_a_shell(ROOT / path)]


def text(path: Path) -> str:
    """Return a file of the clone; bytes that are no text are replaced."""
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


def _starts_a_shell(path: Path) -> bool:
    with path.open("rb") as file:
        first = file.readline(80)
    return first.startswith(b"#!") and first.strip().endswith((b"bash", b"/sh", b" sh"))
