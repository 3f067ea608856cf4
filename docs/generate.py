"""Write docs/reference and the tables of terraform/modules; `--check` only tells whether they are up to date.

make docs
"""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import typer
from modules import readmes
from typer.cli import get_docs_for_click
from typer.main import get_command

from nightfleet.cli.main import ENTRIES, app
from nightfleet.errors import Exit

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "docs" / "reference"
WRITTEN = "<!-- written by `make docs`; change the code instead -->\n\n"


def command_line() -> str:
    """Every command with its arguments, options and example."""
    context = typer.Context(get_command(app), info_name="nightfleet")
    pages = [
        get_docs_for_click(obj=entry.load(), ctx=context, name=entry.name, call_prefix="nightfleet", indent=1)
        for entry in ENTRIES.values()
    ]
    return f"{WRITTEN}# Command line\n\n" + tidy("".join(pages))


def exit_codes() -> str:
    """The codes, with what errors.py says about them."""
    meant = dict(re.findall(r"^ +([A-Z]+) = \d+ *(?:# (.*))?$", inspect.getsource(Exit), re.MULTILINE))
    rows = [f"| {code.value} | {code.name.lower()} | {meant[code.name]} |" for code in Exit]
    return WRITTEN + "\n".join(["# Exit codes", "", "| code | name | meaning |", "|---|---|---|", *rows, ""])


def site_file() -> str:
    """Every section and key of site.yaml, from the models' own descriptions."""
    command = [sys.executable, "-m", "nightfleet.site.reference"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def tidy(text: str) -> str:
    """One blank line between paragraphs, none at the end of lines."""
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)).strip() + "\n"


PAGES = {"cli.md": command_line, "exit-codes.md": exit_codes, "site.md": site_file}


def main() -> int:
    outdated = []
    for path, wanted in ({REFERENCE / name: page() for name, page in PAGES.items()} | readmes()).items():
        if path.exists() and path.read_text(encoding="utf-8") == wanted:
            continue
        name = str(path.relative_to(ROOT))
        outdated.append(name)
        if "--check" not in sys.argv:
            path.parent.mkdir(exist_ok=True)
            path.write_text(wanted, encoding="utf-8")
            print(f"wrote {name}")
    if outdated and "--check" in sys.argv:
        print(f"error: {', '.join(outdated)}: not what the code says\n  hint: make docs", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
