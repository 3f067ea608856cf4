"""A depot that has everything of the version lock, as far as deploys look: names, sums and digests."""

import hashlib
from pathlib import Path

from nightfleet.depot.model import Arch, Index, Kind, Origin, Stored, load_lock


def fill(cache: Path) -> None:
    """Write the index of a full depot where XDG_CACHE_HOME would be `cache`."""
    lock = load_lock()
    files = [
        stored(name, version, artifact.kind)
        for name, artifact in lock.artifacts.items()
        for version in artifact.versions
    ]
    releases = {version: lock.image_releases(version) for version in lock.kubernetes}
    images = {release.reference: release for found in releases.values() for release in found}
    files += [stored(one.name, one.tag, Kind.IMAGE, one.reference) for one in images.values()]
    references = {version: tuple(one.reference for one in found) for version, found in releases.items()}
    index = Index(files=tuple(files), kubernetes=references)
    path = Path(cache) / "nightfleet" / "depot" / "index.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(index.model_dump_json(by_alias=True))


def stored(name: str, version: str, kind: Kind, reference: str = "") -> Stored:
    """Return a file whose sum is that of its name."""
    sha256 = hashlib.sha256(f"{name} {version}".encode()).hexdigest()
    return Stored(
        name=name,
        version=version,
        arch=Arch.AMD64,
        file=f"{name}-{version}",
        sha256=sha256,
        size=1,
        origin=Origin.UPSTREAM,
        kind=kind,
        key=sha256,
        reference=reference,
        digest=f"sha256:{sha256}" if reference else "",
    )
