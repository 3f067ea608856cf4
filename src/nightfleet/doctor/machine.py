"""The operator's machine: Python, pyinfra, programs, room on the disk. Judging is pure."""

from nightfleet.finding import Finding, Status

GIB = 1 << 30
OLDEST_PYTHON = (3, 11)
PYINFRA = (3, 10)  # its JSON output is what converge reads
# Artifacts, the base root and the build caches of one Kubernetes version.
CACHE_NEEDS = 12 * GIB

PROGRAMS = {
    "ssh": (Status.FAIL, "verify and `lab ssh` need it: install openssh-client"),
    "go": (Status.OK, "only needed where the release sites are out of reach and artifacts are built"),
    "terraform": (Status.OK, "only needed for sites on OpenStack"),
}


def python(version: tuple[int, ...]) -> Finding:
    """Judge the interpreter."""
    shown = ".".join(map(str, version[:3]))
    if version[:2] >= OLDEST_PYTHON:
        return Finding("python", Status.OK, shown)
    return Finding("python", Status.FAIL, f"{shown} is too old", "install Python 3.11 or newer, then `make`")


def pyinfra(version: str | None) -> Finding:
    """Judge the pyinfra beside this nightfleet; None when there is none."""
    if version is None:
        return Finding("pyinfra", Status.FAIL, "not installed", "`make environment` installs the locked one")
    major, minor = (int(part) for part in version.split(".")[:2])
    if (major, minor) >= PYINFRA and major == PYINFRA[0]:
        return Finding("pyinfra", Status.OK, version)
    wanted = ".".join(map(str, PYINFRA))
    hint = "`make environment` installs the locked one"
    return Finding("pyinfra", Status.FAIL, f"{version} is not {wanted} or a later {PYINFRA[0]}.x", hint)


def program(name: str, version: str | None) -> Finding:
    """Judge a program by what it says about itself; None when it is not on the PATH."""
    if version is not None:
        return Finding(name, Status.OK, version)
    status, why = PROGRAMS[name]
    return Finding(name, status, "not installed" + (f" ({why})" if status is Status.OK else ""), why)


def disk(place: str, free: int | None) -> Finding:
    """Judge the room for artifacts; bytes, None when the file system did not answer."""
    if free is None:
        return Finding("disk", Status.UNKNOWN, f"{place} cannot be looked at")
    shown = f"{free / GIB:.0f} GiB free for {place}"
    if free >= CACHE_NEEDS:
        return Finding("disk", Status.OK, shown)
    hint = f"a cold start needs {CACHE_NEEDS // GIB} GiB; make room or set XDG_CACHE_HOME to a larger disk"
    return Finding("disk", Status.WARN, shown, hint)
