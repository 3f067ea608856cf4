"""The version lock, versions.yaml: what may be installed, and how to get it. Pure values."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from nightfleet.errors import Exit, NightfleetError
from nightfleet.home import home

T = TypeVar("T")

IMAGES = "images"  # in a list of wanted (name, version): all container images of that Kubernetes version

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Version = Annotated[str, Field(pattern=r"^\d+\.\d+(\.\d+)?$")]
InArchive = Annotated[str, Field(pattern=r"^([\w{}-][\w.{}+-]*/)*[\w{}-][\w.{}+-]*$")]  # never upwards


class Frozen(BaseModel):
    """An immutable value; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Arch(StrEnum):
    """Processor architectures, by their Go and Debian name."""

    AMD64 = "amd64"
    ARM64 = "arm64"


class Kind(StrEnum):
    """What a stored file is."""

    BINARY = "binary"
    TARBALL = "tar.gz"
    IMAGE = "oci-archive"


class Wanted(NamedTuple):
    """An artifact and version that somebody needs; `images` stands for all images of a Kubernetes version."""

    name: str
    version: str


class Artifact(Frozen):
    """Something to download, and how to build it where it cannot be downloaded."""

    kind: Literal[Kind.BINARY, Kind.TARBALL]
    url: str
    build: str | None = None
    files: dict[InArchive, str] = Field(
        default_factory=dict, description="path in the artifact: command of the build"
    )
    versions: dict[Version, dict[Arch, Sha256]]

    def url_of(self, version: str, arch: str) -> str:
        """Return the upstream URL."""
        return self.url.format(version=version, arch=arch)


class Build(Frozen):
    """How commands are built from Go modules at a version."""

    language: Literal["go", "c"] = "go"
    modules: tuple[str, ...] = Field(min_length=1)
    versions: tuple[Version, ...]
    source: str | None = Field(None, description="go.mod and go.sum to use, by folder; default BUILD-VERSION")
    commands: dict[str, str] = Field(description="command: Go package, or C source in the module")
    ldflags: str = "-s -w"
    cflags: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    cgo: bool = False
    packages: tuple[str, ...] = Field((), description="Debian packages that the build needs")


class Image(Frozen):
    """A container image of one layer, put together from commands."""

    repository: str
    tag: str
    files: dict[InArchive, str] = Field(description="path in the image: BUILD/COMMAND")
    links: dict[InArchive, str] = Field(default_factory=dict)
    directories: tuple[InArchive, ...] = ()
    packages: tuple[str, ...] = Field((), description="Debian packages whose programs and libraries go in")
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    env: dict[str, str] = Field(default_factory=dict)
    user: str = ""


class ImageRelease(NamedTuple):
    """An image at the versions of one Kubernetes release."""

    name: str
    image: Image
    tag: str
    versions: dict[str, str]

    @property
    def reference(self) -> str:
        """Return `REPOSITORY:TAG`."""
        return f"{self.image.repository}:{self.tag}"


class Lock(Frozen):
    """versions.yaml."""

    schema_: Literal[1] = Field(alias="schema")
    defaults: dict[str, Version]
    kubernetes: dict[Version, dict[str, Version]]
    artifacts: dict[str, Artifact]
    builds: dict[str, Build]
    images: dict[str, Image]

    @model_validator(mode="after")
    def _references_hold(self) -> Self:
        problems = list(_dangling(self))
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def artifact(self, name: str, version: str) -> Artifact:
        """Return the artifact, which has this version; otherwise the error names the nearest known ones."""
        artifact = _known(self.artifacts, name, "artifact")
        _known(artifact.versions, version, f"version of {name}")
        return artifact

    def image_releases(self, kubernetes: str) -> tuple[ImageRelease, ...]:
        """Return the images of a Kubernetes version, in the order of the file."""
        versions = {
            "kubernetes": kubernetes,
            **_known(self.kubernetes, kubernetes, "version of kubernetes"),
        }
        return tuple(
            ImageRelease(name, image, image.tag.format(**versions), versions)
            for name, image in self.images.items()
        )

    def image(self, name: str, kubernetes: str) -> ImageRelease:
        """Return one image, for example `agnhost`, at a Kubernetes version."""
        _known(self.images, name, "image")
        return next(release for release in self.image_releases(kubernetes) if release.name == name)

    def default_version(self, name: str, kubernetes: str | None = None) -> str:
        """Return the version of an artifact when none is named: the default, else the newest."""
        artifact = _known(self.artifacts, name, "artifact")
        for version in (self.defaults.get(name), kubernetes, self.defaults["kubernetes"]):
            if version in artifact.versions:
                return version
        return max(artifact.versions, key=lambda version: [int(part) for part in version.split(".")])

    def default_set(self, **versions: str) -> tuple[Wanted, ...]:
        """Return what a cluster needs; `kubernetes=`, `cni_plugins=` ... replace a default version."""
        chosen = self.defaults | {name.replace("_", "-"): version for name, version in versions.items()}
        kubernetes = chosen.pop("kubernetes")
        etcd = _known(self.kubernetes, kubernetes, "version of kubernetes")["etcd"]
        parts = ("kubelet", "kubeadm", "kubectl", IMAGES)
        wanted = (
            *(Wanted(part, kubernetes) for part in parts),
            Wanted("etcd", etcd),  # etcdctl and etcdutl on control planes
            *(Wanted(*item) for item in chosen.items()),
        )
        for name, version in wanted:
            if name == IMAGES:
                self.image_releases(version)
            else:
                self.artifact(name, version)
        return wanted


def lock_path() -> Path:
    """Return versions.yaml of the clone that the command works in."""
    return home() / "versions.yaml"


def load_lock(path: Path | None = None) -> Lock:
    """Read and check versions.yaml; an error names every fault."""
    path = path or lock_path()
    try:
        return _read_lock(path, *stamp(path))
    except OSError as error:
        raise NightfleetError(error.strerror or str(error), str(path), exit_code=Exit.USAGE) from error
    except (yaml.YAMLError, ValidationError) as error:
        raise NightfleetError(faults(error), str(path), exit_code=Exit.USAGE) from error


# A deploy of many hosts asks once per host: a file that did not change is not parsed again.
@lru_cache(maxsize=4)
def _read_lock(path: Path, *_unchanged: int) -> Lock:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return Lock.model_validate(yaml.load(path.read_text(encoding="utf-8"), loader))


def stamp(path: Path) -> tuple[int, int, int]:
    """Return what changes when a file is replaced or written."""
    status = path.stat()
    return (status.st_ino, status.st_mtime_ns, status.st_size)


def _dangling(lock: Lock) -> Iterator[str]:
    for name, artifact in lock.artifacts.items():
        if artifact.build and artifact.build not in lock.builds:
            yield f"artifacts.{name}.build: {artifact.build!r} is not in builds"
            continue
        commands = lock.builds[artifact.build].commands if artifact.build else {}
        for command in artifact.files.values():
            if command not in commands:
                yield f"artifacts.{name}.files: the build has no command {command!r}"
    for name, image in lock.images.items():
        for target in image.files.values():
            build, _, command = target.partition("/")
            if build not in lock.builds or command not in lock.builds[build].commands:
                yield f"images.{name}.files: {target!r} is not BUILD/COMMAND of this file"
    for kubernetes, parts in lock.kubernetes.items():
        versions = {"kubernetes": kubernetes, **parts}
        for build, version in versions.items():
            if build in lock.builds and version not in lock.builds[build].versions:
                yield f"kubernetes.{kubernetes}: builds.{build} has no version {version!r}"
        for name, image in lock.images.items():
            if not _fills(image.tag, versions):
                yield f"images.{name}.tag: {image.tag!r} asks for more than kubernetes.{kubernetes} says"
    for name, version in lock.defaults.items():
        known = lock.kubernetes if name == "kubernetes" else getattr(lock.artifacts.get(name), "versions", {})
        if version not in known:
            yield f"defaults.{name}: {version!r} is not in this file"


def _fills(template: str, values: dict[str, str]) -> bool:
    try:
        template.format(**values)
    except (KeyError, ValueError, IndexError):
        return False
    return True


def faults(error: Exception) -> str:
    """Return every fault of a file in one line, each with its place."""
    if isinstance(error, ValidationError):
        return "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']) or 'file'}: {fault['msg']}"
            for fault in error.errors()
        )
    return str(error).replace("\n", " ")


def _known(table: Mapping[str, T], key: str, what: str) -> T:
    if key in table:
        return table[key]
    near = get_close_matches(key, table, n=3, cutoff=0.5) or sorted(table)
    raise NightfleetError(
        f"unknown {what}: {key!r}",
        where="versions.yaml",
        hint=f"the lock has {', '.join(near)}",
        exit_code=Exit.USAGE,
    )
