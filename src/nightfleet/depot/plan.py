"""What a fetch has to do: wanted names become items, and an item is fresh or must be got.

Nothing is touched here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nightfleet.depot.model import (
    IMAGES,
    Arch,
    ImageRelease,
    Index,
    Kind,
    Lock,
    Origin,
    Stored,
    Wanted,
)
from nightfleet.depot.recipes import artifact_key, image_key


@dataclass(frozen=True, slots=True)
class Command:
    """One result of a build: `kubernetes` 1.36.3 `kubelet`."""

    build: str
    version: str
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One file that the depot should hold, and its sources."""

    name: str
    version: str
    arch: str
    kind: Kind
    file: str
    key: str  # of the build; empty when it cannot be built
    commands: dict[str, Command]  # path in the file: what is built
    url: str = ""
    sha256: str = ""  # of the file upstream
    image: ImageRelease | None = None

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def identity(self) -> tuple[bool, str, str, str]:
        return (self.kind is Kind.IMAGE, self.name, self.version, self.arch)

    @property
    def mode(self) -> int:
        return 0o755 if self.kind is Kind.BINARY else 0o644

    def stored(
        self, sha256: str, origin: Origin, key: str, size: int = 0, go: str = "", digest: str = ""
    ) -> Stored:
        """Return what the index will say about this item's file."""
        return Stored(
            name=self.name,
            version=self.version,
            arch=Arch(self.arch),
            file=self.file,
            sha256=sha256,
            size=size,
            origin=origin,
            kind=self.kind,
            key=key,
            go=go,
            reference=self.image.reference if self.image else "",
            digest=digest,
        )

    def accepts(self, stored: Stored) -> bool:
        """Say whether a stored file, ours or another depot's, is this item as the lock wants it now."""
        if stored.identity != self.identity or stored.file != self.file:
            return False
        if self.sha256 and stored.key == self.sha256:
            return stored.sha256 == self.sha256
        return bool(self.key) and stored.key == self.key


def items(lock: Lock, wanted: Iterable[Wanted], arch: str) -> tuple[Item, ...]:
    """Return one item per artifact and per image, each once."""
    found: dict[object, Item] = {}
    for name, version in wanted:
        for item in (
            _images(lock, version, arch) if name == IMAGES else (_artifact(lock, name, version, arch),)
        ):
            found.setdefault(item.identity, item)
    return tuple(found.values())


def image_sets(lock: Lock, wanted: Iterable[Wanted]) -> dict[str, tuple[str, ...]]:
    """Return the references that make up each Kubernetes version whose images are wanted."""
    return {
        version: tuple(release.reference for release in lock.image_releases(version))
        for name, version in wanted
        if name == IMAGES
    }


def stored_for(index: Index, item: Item, source: Origin | None) -> Stored | None:
    """Return the file that is this item already; a forced source must be where it came from."""
    for stored in index.files:
        if item.accepts(stored) and source in (None, stored.origin):
            return stored
    return None


def _artifact(lock: Lock, name: str, version: str, arch: str) -> Item:
    artifact = lock.artifact(name, version)
    url = artifact.url_of(version, arch)
    key = artifact_key(lock, artifact, version, arch)
    commands = {
        path.format(version=version, arch=arch): Command(artifact.build or "", version, command)
        for path, command in artifact.files.items()
    }
    return Item(
        name=name,
        version=version,
        arch=arch,
        kind=artifact.kind,
        file=url.rsplit("/", 1)[1],
        key=key,
        commands=commands if key else {},
        url=url,
        sha256=next((digest for known, digest in artifact.versions[version].items() if known == arch), ""),
    )


def _images(lock: Lock, kubernetes: str, arch: str) -> Iterator[Item]:
    for release in lock.image_releases(kubernetes):
        parts = {path: target.partition("/") for path, target in release.image.files.items()}
        yield Item(
            name=release.name,
            version=release.tag,
            arch=arch,
            kind=Kind.IMAGE,
            file=f"{release.name}-{release.tag}-{arch}.oci.tar",
            key=image_key(lock, release, arch),
            commands={
                path: Command(build, release.versions[build], name)
                for path, (build, _, name) in parts.items()
            },
            image=release,
        )
