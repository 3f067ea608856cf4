"""What a build depends on, as a key: the same key means the same result, so nothing is built twice.

The Go toolchain is not part of a key: a newer compiler alone is no reason to change a fleet's binaries. The
index records which toolchain built what.
"""

import hashlib
import json
from pathlib import Path

from nightfleet.depot import image as image_format
from nightfleet.depot.model import Artifact, Build, ImageRelease, Lock
from nightfleet.errors import NightfleetError

GOMODS = Path(__file__).parent / "gomods"


def gomod_dir(name: str, build: Build, version: str) -> Path:
    """Return the folder with go.mod and go.sum of a build."""
    folder = GOMODS / (build.source or f"{name}-{version}")
    if not (folder / "go.sum").exists():
        raise NightfleetError(
            f"no go.sum for {name} {version}", str(folder), f"nightfleet depot pin {name} {version}"
        )
    return folder


def fill(text: str, version: str) -> str:
    """Fill {version} and {minor} of a flag."""
    return text.format(version=version, minor=version.split(".")[1])


def build_key(lock: Lock, name: str, version: str, arch: str) -> str:
    """Return the key of everything that a build at a version makes."""
    build = lock.builds[name]
    folder = gomod_dir(name, build, version)
    recipe = build.model_dump(include={"language", "modules", "cflags", "tags", "cgo"}, mode="json")
    recipe |= {"ldflags": fill(build.ldflags, version), "version": version, "arch": arch}
    return _key(recipe, (folder / "go.mod").read_text(), (folder / "go.sum").read_text())


def artifact_key(lock: Lock, artifact: Artifact, version: str, arch: str) -> str:
    """Return the key of an artifact when it is built here."""
    if artifact.build is None or version not in lock.builds[artifact.build].versions:
        return ""
    commands = {path: lock.builds[artifact.build].commands[name] for path, name in artifact.files.items()}
    return _key(artifact.kind, commands, build_key(lock, artifact.build, version, arch))


def image_key(lock: Lock, release: ImageRelease, arch: str) -> str:
    """Return the key of an image."""
    builds = sorted({command.partition("/")[0] for command in release.image.files.values()})
    return _key(
        release.image.model_dump(mode="json"),
        release.tag,
        image_format.FORMAT,
        [build_key(lock, build, release.versions[build], arch) for build in builds],
    )


def _key(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
