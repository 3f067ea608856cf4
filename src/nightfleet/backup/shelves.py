"""Where backups lie: every control plane has its own, a node and a bucket may keep copies of all."""

import shlex
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nightfleet.backup.archive import unpack
from nightfleet.backup.bag import NAME, Bag, open_bag, read_info
from nightfleet.backup.bucket import Bucket
from nightfleet.cluster.ssh import Said, Shell
from nightfleet.errors import Exit, NightfleetError
from nightfleet.site import Role, Site

COPIES = "/var/lib/nightfleet/backup-copies"
LIB = "/usr/local/lib/nightfleet/bag.sh"
MARK = "=== "
HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Copy:
    """One backup in one place. `bag` is None when it does not even say what it is."""

    name: str
    at: str  # the node where it lies, or s3:BUCKET
    path: str
    whole: bool
    bag: Bag | None

    @property
    def good(self) -> bool:
        """Whether it counts as a backup."""
        return self.whole and self.bag is not None


@dataclass(frozen=True, slots=True)
class Shelves:
    """What was found, newest first, and the nodes that could not be asked, with the reason."""

    copies: tuple[Copy, ...]
    silent: dict[str, str]

    @property
    def bags(self) -> dict[str, Bag]:
        """Every backup that is good in at least one place, newest first."""
        return {copy.name: copy.bag for copy in self.copies if copy.good and copy.bag}

    def places(self, name: str) -> tuple[Copy, ...]:
        """Return the copies of one backup, good ones first."""
        found = [copy for copy in self.copies if copy.name == name]
        return tuple(sorted(found, key=lambda copy: not copy.good))


def script(directory: str, check: str) -> str:
    """Return what a node is asked; `check` is a function of bag.sh. Pure."""
    return (
        f"[ -e {LIB} ] || exit 0\n. {LIB}\n"
        f'for d in {shlex.quote(directory)} {COPIES}/*; do for b in $(bags "$d"); do\n'
        f'  if {check} "$d/$b"; then w=whole; else w=damaged; fi\n'
        f'  echo "{MARK}$w $d/$b"; cat "$d/$b/bag-info.txt" 2>/dev/null\ndone; done; true'
    )


def read_answer(said: Said) -> list[Copy]:
    """Read a node's answer. Pure."""
    found = []
    for part in f"\n{said.out}".split(f"\n{MARK}")[1:]:
        head, _, info = part.partition("\n")
        state, _, path = head.partition(" ")
        try:
            bag = read_info(info)
        except ValueError:
            bag = None
        name = path.rpartition("/")[2]
        found.append(
            Copy(name, said.node, path, state == "whole" and bag is not None and bag.name == name, bag)
        )
    return found


def keepers(site: Site) -> list[str]:
    """Return the nodes where backups of a site lie."""
    names = [node.name for node in site.having(Role.CONTROL_PLANE)]
    return names + [name for name in (site.backup.copy_to,) if name and name not in names]


def look(shell: Shell, thorough: bool = False, nodes: Sequence[str] | None = None) -> Shelves:
    """Ask every node and the bucket, or only `nodes`; `thorough` reads every byte and compares sums."""
    site = shell.site
    question = script(site.backup.directory, "whole" if thorough else "plausible")
    answers = shell.each(nodes or keepers(site), question, seconds=HOUR if thorough else 60)
    copies = [copy for said in answers.values() for copy in read_answer(said)]
    silent = {name: said.why for name, said in answers.items() if said.code != 0}
    if site.backup.s3 and not nodes:
        try:
            copies += in_bucket(Bucket(site), thorough)
        except NightfleetError as error:
            silent[f"s3:{site.backup.s3.bucket}"] = error.what
    return Shelves(tuple(sorted(copies, key=lambda copy: copy.name, reverse=True)), silent)


def in_bucket(bucket: Bucket, thorough: bool) -> list[Copy]:
    """Return the copies in a bucket. NightfleetError when it does not answer."""
    return [
        Copy(
            one.name,
            bucket.name,
            one.key,
            one.bag is not None and one.bag.name == one.name and (not thorough or bucket.whole(one)),
            one.bag,
        )
        for one in bucket.look()
    ]


def newest(site: Site) -> Bag | None:
    """Return the newest good backup, None when there is none. NightfleetError when no node answers."""
    with Shell(site) as shell:
        found = look(shell)
    if not found.bags and found.silent:
        name, why = next(iter(found.silent.items()))
        raise NightfleetError(f"cannot be asked for backups: {why}", name, "nightfleet doctor")
    return next(iter(found.bags.values()), None)


def choose(found: Shelves, name: str) -> Copy:
    """Return a good copy of a backup, `newest` for the newest. Refuses what is unknown or damaged. Pure."""
    if name == "newest":
        name = next(iter(found.bags), name)
    places = found.places(name)
    if places and places[0].good:
        return places[0]
    if places:
        where = ", ".join(copy.at for copy in places)
        raise NightfleetError(
            f"backup {name!r} is damaged on {where}", hint=_others(found), exit_code=Exit.REFUSED
        )
    silent = f"; not asked: {', '.join(found.silent)}" if found.silent else ""
    raise NightfleetError(f"there is no backup {name!r}{silent}", hint=_others(found), exit_code=Exit.REFUSED)


def fetch(shell: Shell, copy: Copy, to: Path) -> Path:
    """Have a copy of a backup here, every sum checked; return its folder. Refuses one that is damaged."""
    folder = to / copy.name
    if folder.exists():
        open_bag(folder)
        return folder
    to.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=to) as temporary:
        archive = Path(temporary) / "bag.tar"
        if copy.at.startswith("s3:"):
            Bucket(shell.site).fetch(copy.path, archive)
        else:
            _send(shell, copy, archive)
        unpack(archive, Path(temporary), copy.name)
        open_bag(Path(temporary) / copy.name)
        shutil.move(Path(temporary) / copy.name, folder)
    return folder


def _send(shell: Shell, copy: Copy, to: Path) -> None:
    parent, _, name = copy.path.rpartition("/")
    command = f"tar -C {shlex.quote(parent)} -cf - {shlex.quote(name)}"
    with to.open("wb") as target:
        said = shell.stream(copy.at, command, target=target, seconds=HOUR)
    if said.code != 0:
        raise NightfleetError(f"backup {name!r} was not sent whole: {said.why}", copy.at)


def _others(found: Shelves) -> str:
    names: Iterable[str] = list(found.bags)[:3]
    return f"good ones: {', '.join(names)}" if found.bags else "`nightfleet backup now` makes one"


def is_name(word: str) -> bool:
    """Tell the name of a backup from a path."""
    return word == "newest" or NAME.fullmatch(word) is not None
