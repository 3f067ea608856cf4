"""Commands built from Go modules: the version of the lock, checked by go.sum, the same every time.

All commands of one build go into one `go build`, which compiles what they share once. Results are kept by key
(recipes.build_key), so that an unchanged recipe is never built twice.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from nightfleet.depot.cache import Cache
from nightfleet.depot.debian import install_command, missing_packages
from nightfleet.depot.events import Event, OnEvent, Step
from nightfleet.depot.model import Arch, Build, Lock
from nightfleet.depot.recipes import build_key, fill, gomod_dir
from nightfleet.errors import NightfleetError

MINIMUM = (1, 21)  # from here on, go gets the toolchain that a go.mod asks for by itself
USUAL_PLACE = "/usr/local/go/bin"  # where the upstream tarball lies; sudo drops it from PATH
NICE = ("nice", "-n", "10")


@dataclass(frozen=True, slots=True)
class Job:
    """One build at one version for one architecture."""

    lock: Lock
    name: str
    version: str
    arch: str

    @property
    def build(self) -> Build:
        return self.lock.builds[self.name]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


def build(job: Job, commands: Collection[str], cache: Cache, on_event: OnEvent) -> dict[str, Path]:
    """Return the path of each command, built now if it was not before."""
    key = build_key(job.lock, job.name, job.version, job.arch)
    work = cache.root / "builds" / f"{job.name}-{job.version}-{job.arch}-{key[:12]}"
    results = {command: work / "bin" / command for command in commands}
    missing = sorted(command for command, path in results.items() if not path.exists())
    if missing:
        go = find_go()
        _check_machine(job)
        (work / "bin").mkdir(parents=True, exist_ok=True)
        for file in ("go.mod", "go.sum"):
            shutil.copyfile(gomod_dir(job.name, job.build, job.version) / file, work / file)
        make = _compile_c if job.build.language == "c" else _compile_go
        for command, path in make(go, job, missing, work, on_event).items():
            with path.open("rb") as stream:
                os.fsync(stream.fileno())
            path.replace(results[command])
    return results


def find_go() -> str:
    """Return the path of go, which must be new enough."""
    go = _which_go()
    needed = ".".join(map(str, MINIMUM))
    hint = f"install Go {needed} or later, or give --depot URL of a depot that has the files"
    if go is None:
        raise NightfleetError("go is not installed, and upstream is out of reach", hint=hint)
    version = toolchain(go)
    if tuple(int(part) for part in version.removeprefix("go").split(".")[:2]) < MINIMUM:
        raise NightfleetError(f"{version} is too old", where=go, hint=hint)
    return go


def _which_go() -> str | None:
    return shutil.which("go") or shutil.which("go", path=USUAL_PLACE)


def toolchain(go: str, directory: Path | None = None) -> str:
    """Return the version of Go used in a directory, for example go1.26.8."""
    done = subprocess.run(
        [go, "env", "GOVERSION"], cwd=directory, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "go0.0"


def built_by(path: Path) -> str:
    """Return the toolchain written in a Go binary, nothing for another kind of file."""
    done = subprocess.run([find_go(), "version", str(path)], capture_output=True, text=True, check=False)
    return done.stdout.rpartition(": ")[2].strip()


def executable(package: str) -> str:
    """Return the name that `go build -o DIR/` gives a package's binary (a trailing /v3 does not count)."""
    *_, above, last = ("", *package.split("/"))
    return above if last[:1] == "v" and last[1:].isdigit() else last


def _check_machine(job: Job) -> None:
    native = job.arch == host_arch()
    if not native and (job.build.cgo or job.build.language == "c"):
        raise NightfleetError(
            f"{job} has C code and cannot be built for {job.arch} here",
            hint="fetch it on a machine of that architecture, serve it there and give --depot URL",
        )
    missing = missing_packages(job.build.packages)
    if missing:
        raise NightfleetError(
            f"building {job} needs packages that are not installed: {', '.join(missing)}",
            hint=f"{' '.join(install_command(missing))}, or nightfleet depot fetch --install-packages",
        )


def host_arch() -> Arch:
    """Return the architecture of this machine."""
    return Arch.ARM64 if os.uname().machine in ("aarch64", "arm64") else Arch.AMD64


def _environment(job: Job) -> dict[str, str]:
    cgo = job.build.cgo
    fixed = {"CGO_ENABLED": "1" if cgo else "0", "GOOS": "linux", "GOARCH": job.arch, "GOFLAGS": ""}
    return {**os.environ, **fixed, "GOWORK": "off", "GO111MODULE": "on"}


def _compile_go(go: str, job: Job, commands: list[str], work: Path, on_event: OnEvent) -> dict[str, Path]:
    target = cache_target(work)
    flags = ["-mod=readonly", "-trimpath", "-buildvcs=false", "-v", "-o", f"{target}/"]
    if job.build.tags:
        flags += ["-tags", ",".join(job.build.tags)]
    flags += ["-ldflags", fill(job.build.ldflags, job.version)]
    packages = {command: job.build.commands[command] for command in commands}
    _run([*NICE, go, "build", *flags, *packages.values()], job, work, on_event)
    return {command: target / executable(package) for command, package in packages.items()}


def _compile_c(go: str, job: Job, commands: list[str], work: Path, on_event: OnEvent) -> dict[str, Path]:
    target = cache_target(work)
    download = [go, "mod", "download", "-json", job.build.modules[0]]
    source = Path(json.loads(_run(download, job, work, on_event))["Dir"])
    flags = [fill(flag, job.version) for flag in job.build.cflags]
    for command in commands:
        # the source's path is left out of the binary by compiling from its own directory
        path = source / job.build.commands[command]
        _run(["gcc", *flags, "-s", "-o", str(target / command), path.name], job, path.parent, on_event)
    return {command: target / command for command in commands}


def cache_target(work: Path) -> Path:
    """Return an empty folder for the linker's output; `bin` gets only finished files."""
    target = work / "new"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    return target


def _run(command: list[str], job: Job, directory: Path, on_event: OnEvent) -> str:
    with (
        subprocess.Popen(
            command,
            cwd=directory,
            env=_environment(job),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        lines = []
        for count, line in enumerate(process.stdout, start=1):
            lines.append(line)
            on_event(Event(Step.BUILD, str(job), line.strip(), done=count))
    if process.returncode:
        raise NightfleetError(
            f"building {job} ended with status {process.returncode}:\n{''.join(lines[-8:]).rstrip()}",
            where=" ".join(command[:4]),
            hint="where modules cannot be downloaded, give --depot URL",
        )
    return "".join(lines)
