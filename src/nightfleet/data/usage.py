"""Who uses how much: files and bytes of every folder below a place, and what the file system has left.

One `find` per folder on the node, summed there: a folder of ten million files is one line of the answer.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from nightfleet.cluster.ssh import Said, Shell
from nightfleet.data.place import Place

HOURS_2 = 7200.0
LOOSE = "(files beside them)"

# A file with several names counts once. A folder's own size means nothing that could be summed: on CephFS it
# is that of all below it. A folder with a project quota says that its limit is all there is (statfs on XFS).
SCRIPT = """
cd {path}/. || exit 3
stat -f --printf 'all\\t%S\\t%b\\t%a\\t%c\\t%d\\n' .
sum() {{
  find "$@" -xdev -printf '%y %n %D:%i %b %s %T@\\n' | awk '
    $2 > 1 && $1 != "d" && seen[$3]++ {{ next }}
    {{ files++; if ($1 != "d") {{ blocks += $4; bytes += $5 }}; if ($6 > newest) newest = $6 }}
    END {{ printf "%d\\t%.0f\\t%.0f\\t%.0f\\n", files, blocks * 512, bytes, newest }}'
}}
room() {{ stat -f --printf '%S %b' "$1"; }}
whole=$(room .)
for one in * .[!.]*; do
  [ -d "$one" ] && [ ! -L "$one" ] || continue
  most=$(room "./$one")
  [ "${{most:-$whole}}" != "$whole" ] || most='0 0'
  printf 'one\\t%s\\t%s\\0' "$(sum "./$one")" $((${{most% *}} * ${{most#* }})); printf '%s\\0' "$one"
done
printf 'loose\\t%s\\t0\\0' "$(sum . -maxdepth 1 -mindepth 1 ! -type d)"
"""


@dataclass(frozen=True, slots=True)
class Used:
    """One folder below a place: a tenant, a volume."""

    name: str
    inodes: int
    allocated: int  # bytes on disk
    size: int  # bytes that its files say they have
    newest: datetime | None  # last change of a content
    limit: int = 0  # most that it may hold; 0: as much as there is


@dataclass(frozen=True, slots=True)
class Usage:
    """One place; `silent` says why nothing is known about it."""

    place: Place
    total: int = 0
    free: int = 0
    inodes_total: int = 0
    inodes_free: int = 0
    folders: tuple[Used, ...] = ()
    silent: str = ""


def measure(shell: Shell, places: Sequence[Place]) -> list[Usage]:
    """Ask all nodes at once."""
    by_word = {str(place): place for place in places}
    answers = shell.map(
        by_word,
        lambda word: shell.run(
            by_word[word].node, SCRIPT.format(path=shlex.quote(by_word[word].path)), seconds=HOURS_2
        ),
    )
    return [read(by_word[word], said) for word, said in answers.items()]


def read(place: Place, said: Said) -> Usage:
    """Read one answer. Pure."""
    if said.code != 0:
        return Usage(place, silent=said.why)
    head, _, rest = said.out.partition("\n")
    try:
        _, unit, blocks, free, inodes, inodes_free = head.split("\t")
        words = rest.split("\0")[:-1]
        found = []
        while words:
            kind, *numbers = words.pop(0).split("\t")
            name = words.pop(0) if kind == "one" else LOOSE
            found.append(used(name, numbers))
    except (ValueError, IndexError) as error:
        return Usage(place, silent=f"its answer cannot be read: {error}")
    folders = [one for one in found if one.name != LOOSE or one.inodes]
    folders.sort(key=lambda one: one.allocated, reverse=True)
    size = int(unit)
    return Usage(place, int(blocks) * size, int(free) * size, int(inodes), int(inodes_free), tuple(folders))


def used(name: str, numbers: Sequence[str]) -> Used:
    """Read the five numbers of a folder. ValueError when they are others. Pure."""
    files, allocated, size, newest, limit = map(int, numbers)
    return Used(name, files, allocated, size, datetime.fromtimestamp(newest, UTC) if newest else None, limit)
