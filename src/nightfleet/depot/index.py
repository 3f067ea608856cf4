"""The index of the local depot: which bytes this machine has of what the lock names. Pure values."""

import os
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Literal, Self

from pydantic import Field

from nightfleet.depot.lock import Arch, Frozen, Kind, Sha256, faults, stamp
from nightfleet.errors import NightfleetError


class Origin(StrEnum):
    """Where stored bytes came from; also the argument of `depot fetch --source`."""

    UPSTREAM = "upstream"  # the release site, sha256 as in the lock
    GOMOD = "gomod"  # built here from Go modules
    DEPOT = "depot"  # another depot


class Stored(Frozen):
    """A file of the local depot; nodes get it at `DEPOT/{path}`."""

    name: str
    version: str
    arch: Arch
    file: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$")
    sha256: Sha256
    size: int
    origin: Origin
    kind: Kind
    key: str = Field(description="sha256 of the lock, or of the recipe that it was built by")
    go: str = Field("", description="Go toolchain that built it")
    reference: str = Field("", description="images: REPOSITORY:TAG")
    digest: str = Field("", description="images: digest of the manifest")

    @property
    def path(self) -> str:
        """Return its path below the depot's URL."""
        return f"{self.sha256}/{self.file}"

    @property
    def released(self) -> bool:
        """Tell whether these are the very bytes of the upstream release, whoever they came from."""
        return self.key == self.sha256

    @property
    def identity(self) -> tuple[bool, str, str, Arch]:
        """Return what there is only one of."""
        return (self.kind is Kind.IMAGE, self.name, self.version, self.arch)


class Index(Frozen):
    """What the local depot holds (index.json), and which images make up a Kubernetes version."""

    schema_: Literal[1] = Field(1, alias="schema")
    files: tuple[Stored, ...] = ()
    kubernetes: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="version: references")

    def artifact(self, name: str, version: str, arch: str = Arch.AMD64) -> Stored:
        """Return the file of an artifact."""
        for stored in self.files:
            if stored.identity == (False, name, version, arch):
                return stored
        raise NightfleetError(
            f"{name} {version} for {arch} is not in the depot",
            where=str(cache_dir()),
            hint=f"nightfleet depot fetch {name}@{version} --arch {arch}",
        )

    def images(self, kubernetes_version: str, arch: str = Arch.AMD64) -> tuple[Stored, ...]:
        """Return the images of a Kubernetes version, every one of them."""
        by_reference = {
            image.reference: image for image in self.files if image.reference and image.arch == arch
        }
        references = self.kubernetes.get(kubernetes_version, ())
        missing = [reference for reference in references if reference not in by_reference]
        if missing or not references:
            what = ", ".join(missing) or f"images of kubernetes {kubernetes_version}"
            raise NightfleetError(
                f"{what} for {arch}: not in the depot",
                where=str(cache_dir()),
                hint=f"nightfleet depot fetch --kubernetes {kubernetes_version} --arch {arch}",
            )
        return tuple(by_reference[reference] for reference in references)

    def having(self, *stored: Stored) -> Self:
        """Return an index where these replace what has the same identity."""
        new = {one.identity for one in stored}
        kept = (one for one in self.files if one.identity not in new)
        files = sorted((*kept, *stored), key=lambda one: one.identity)
        return self.model_copy(update={"files": tuple(files)})


def cache_dir() -> Path:
    """Return the operator's depot (XDG_CACHE_HOME is respected)."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "nightfleet" / "depot"


def load_index(directory: Path | None = None) -> Index:
    """Read the depot's index; a depot that was never filled is empty."""
    path = (directory or cache_dir()) / "index.json"
    try:
        return _read_index(path, *stamp(path))
    except FileNotFoundError:
        return Index()
    except (ValueError, OSError) as error:
        hint = "remove this file and run `nightfleet depot fetch` again"
        raise NightfleetError(f"not an index: {faults(error)}", str(path), hint) from error


@lru_cache(maxsize=4)
def _read_index(path: Path, *_unchanged: int) -> Index:
    return Index.model_validate_json(path.read_bytes())
