"""Claims about archives and images: same input, same bytes; other programs can read them."""

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from nightfleet.depot.debian import missing_packages, usr_path
from nightfleet.depot.image import write_image
from nightfleet.depot.model import Image, ImageRelease
from nightfleet.depot.pack import Entry, write_tar_gz

IMAGE = Image(
    repository="registry.example/tools/hello",
    tag="v{version}",
    files={"usr/local/bin/hello": "hello/hello"},
    links={"usr/bin/hi": "../local/bin/hello"},
    directories=("uploads",),
    entrypoint=("/usr/local/bin/hello",),
    command=("--loud",),
    env={"LANG": "C"},
    user="65535:65535",
)
RELEASE = ImageRelease("hello", IMAGE, "v1.0.0", {"hello": "1.0.0"})


def build(directory: Path, name: str, seconds: int) -> tuple[Path, str]:
    """Write the image from a binary of another place, age and mode; return archive and digest."""
    source = directory / f"source-{name}"
    source.mkdir()
    binary = source / "hello"
    binary.write_bytes(b"\x7fELF" + b"hello" * 1000)
    binary.chmod(0o700 if seconds else 0o755)
    os.utime(binary, (seconds, seconds))
    archive = directory / f"{name}.oci.tar"
    return archive, write_image(archive, RELEASE, "amd64", {"hello/hello": binary})


def test_an_image_built_twice_is_the_same_to_the_byte(tmp_path: Path) -> None:
    first, second = build(tmp_path, "one", 0), build(tmp_path, "two", 1_700_000_000)
    assert first[1] == second[1]
    assert first[0].read_bytes() == second[0].read_bytes()


def test_an_image_says_what_its_recipe_says(tmp_path: Path) -> None:
    archive, digest = build(tmp_path, "one", 0)
    with tarfile.open(archive) as content:
        blobs = {member.name: _bytes(content, member) for member in content if member.isfile()}
    (manifest,) = json.loads(blobs["index.json"])["manifests"]
    assert manifest["digest"] == digest
    assert manifest["annotations"]["io.containerd.image.name"] == "registry.example/tools/hello:v1.0.0"
    for name, blob in blobs.items():
        assert not name.startswith("blobs/") or name == f"blobs/sha256/{hashlib.sha256(blob).hexdigest()}"
    config = json.loads(blobs[_blob(json.loads(blobs[_blob(manifest)])["config"])])
    assert config["config"]["Entrypoint"] == ["/usr/local/bin/hello"]
    assert config["config"]["Cmd"] == ["--loud"]
    assert config["config"]["User"] == "65535:65535"
    assert config["config"]["Env"][0] == "LANG=C"


@pytest.mark.skipif(not shutil.which("skopeo"), reason="skopeo is not installed")
def test_skopeo_reads_an_image(tmp_path: Path) -> None:
    archive, digest = build(tmp_path, "one", 0)
    done = subprocess.run(
        ["skopeo", "inspect", f"oci-archive:{archive}"], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    assert (found["Digest"], found["Architecture"], len(found["Layers"])) == (digest, "amd64", 1)


def test_a_tarball_depends_on_nothing_but_its_content(tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    tool.write_bytes(b"tool")
    entries = [Entry("bin/tool", tool), Entry("bin/link", link="tool"), Entry("etc/x", b"x", mode=0o644)]
    os.utime(tool, (1, 1))
    first = write_tar_gz(tmp_path / "1.tar.gz", entries)
    os.utime(tool, (2, 2))
    second = write_tar_gz(tmp_path / "2.tar.gz", reversed(entries))
    assert first == second
    assert first.gzip == hashlib.sha256((tmp_path / "1.tar.gz").read_bytes()).hexdigest()
    with tarfile.open(tmp_path / "1.tar.gz") as content:
        assert content.getnames() == ["bin", "bin/link", "bin/tool", "etc", "etc/x"]
        assert {(member.uid, member.gid, member.mtime) for member in content} == {(0, 0, 0)}
        assert [member.mode for member in content if member.isfile()] == [0o755, 0o644]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("./lib/x86_64-linux-gnu/libc.so.6", "usr/lib/x86_64-linux-gnu/libc.so.6"),
        ("./lib64/ld-linux-x86-64.so.2", "usr/lib64/ld-linux-x86-64.so.2"),
        ("./usr/sbin/nft", "usr/sbin/nft"),
        ("./usr/lib/x86_64-linux-gnu/gconv/UTF-16.so", None),
        ("./usr/share/doc/nftables/copyright", None),
        ("./etc/nftables.conf", None),
        ("./etc/protocols", "etc/protocols"),  # nft looks names up there; kube-proxy relies on them
        ("./lib", None),
    ],
)
def test_of_a_package_only_programs_and_libraries_go_into_an_image(name: str, path: str | None) -> None:
    assert usr_path(name) == path


@pytest.mark.skipif(not shutil.which("dpkg-query"), reason="no dpkg on this system")
def test_a_package_that_does_not_exist_is_missing() -> None:
    assert missing_packages(["dpkg", "no-such-package-anywhere"]) == ("no-such-package-anywhere",)


def _bytes(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(member)
    assert stream is not None
    return stream.read()


def _blob(descriptor: dict[str, str]) -> str:
    return "blobs/" + descriptor["digest"].replace(":", "/")
