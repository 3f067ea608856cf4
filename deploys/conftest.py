"""What tests of capabilities share: the four sites, an index of a full depot, and two machines.

Options and fixtures of `pytest deploys/*/verify.py` come from the tool.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from deploys.hostops.machine import Machine, parse_machine
from nightfleet.depot.model import Arch, Index, Kind, Origin, Stored, load_lock
from nightfleet.site import Site, load_site

HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:  # noqa: ARG001
    """Load the plugin, which brings --site and --nodes."""
    pluginmanager.import_plugin("nightfleet.verify.plugin")


@pytest.fixture(scope="session")
def inventory() -> Callable[[str], Site]:
    """Return a site of inventory/ by its name."""
    return lambda name: load_site(HERE.parent / "inventory" / name / "site.yaml")


@pytest.fixture
def lab(inventory: Callable[[str], Site]) -> Site:
    """The site of the lab."""
    return inventory("lab")


@pytest.fixture
def edited(tmp_path: Path) -> Callable[..., Site]:
    """Return a site of inventory/ after edits of its text, each (old, new)."""

    def edit(name: str, *edits: tuple[str, str]) -> Site:
        text = (HERE.parent / "inventory" / name / "site.yaml").read_text(encoding="utf-8")
        for old, new in edits:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "site.yaml"
        path.write_text(text, encoding="utf-8")
        return load_site(path)

    return edit


@pytest.fixture(scope="session")
def host_of_the_lab() -> Machine:
    """A host of the lab as it described itself: cgroup v1, no CAP_SYS_RESOURCE."""
    recorded = HERE / "hostops" / "recorded" / "machine.txt"
    return parse_machine(recorded.read_text(encoding="utf-8").splitlines())


@pytest.fixture(scope="session")
def server(host_of_the_lab: Machine) -> Machine:
    """The same on a machine of its own: cgroup v2, every capability."""
    return replace(host_of_the_lab, cgroup_v2=True, capabilities=0x1FFFFFFFFFF)


@pytest.fixture(scope="session")
def index() -> Index:
    """A depot that has everything of the version lock, for both architectures."""
    lock = load_lock()
    releases = {version: lock.image_releases(version) for version in lock.kubernetes}
    files = [
        stored(name, version, arch, artifact.kind)
        for name, artifact in lock.artifacts.items()
        for version, arches in artifact.versions.items()
        for arch in arches
    ]
    images = {
        (release.reference, arch): stored(release.name, release.tag, arch, Kind.IMAGE, release.reference)
        for version in releases
        for release in releases[version]
        for arch in Arch
    }
    return Index(
        files=(*files, *images.values()),
        kubernetes={
            version: tuple(release.reference for release in releases[version]) for version in releases
        },
    )


def stored(name: str, version: str, arch: Arch, kind: Kind, reference: str = "") -> Stored:
    """Return a file whose sum is that of its name."""
    sha256 = hashlib.sha256(f"{name} {version} {arch}".encode()).hexdigest()
    return Stored(
        name=name,
        version=version,
        arch=arch,
        file=f"{name}-{version}",
        sha256=sha256,
        size=1,
        origin=Origin.UPSTREAM,
        kind=kind,
        key=sha256,
        reference=reference,
        digest=f"sha256:{sha256}" if reference else "",
    )
