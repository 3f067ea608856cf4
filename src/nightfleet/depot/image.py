"""Container images as OCI archives: one layer, no base image, the same bytes for the same input.

The layout is the OCI image specification's (image-layout.md); `skopeo inspect oci-archive:FILE` reads it, and
`ctr images import` finds the full name in the annotation that containerd defines.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from nightfleet.depot.model import ImageRelease
from nightfleet.depot.pack import Entry, Packed, write_tar, write_tar_gz

FORMAT = 1  # raise it when the bytes of an unchanged image change
EPOCH = "1970-01-01T00:00:00Z"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
USERS = b"root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n"
GROUPS = b"root:x:0:\nnobody:x:65534:\n"


def write_image(
    target: Path,
    release: ImageRelease,
    arch: str,
    commands: Mapping[str, Path],
    system: Iterable[Entry] = (),
) -> str:
    """Write the archive of an image; `commands` says where each BUILD/COMMAND lies. Return the digest."""
    layer = target.with_suffix(".layer")
    try:
        packed = write_tar_gz(layer, _content(release, commands, system))
        config = _json(_config(release, arch, packed))
        manifest = _json(_manifest(config, packed))
        digest = _sha256(manifest)
        blobs = (
            Entry(f"blobs/sha256/{_sha256(config)}", config, mode=0o644),
            Entry(f"blobs/sha256/{digest}", manifest, mode=0o644),
            Entry(f"blobs/sha256/{packed.gzip}", layer, mode=0o644),
        )
        write_tar(
            target,
            (
                Entry("oci-layout", _json({"imageLayoutVersion": "1.0.0"}), mode=0o644),
                Entry("index.json", _json(_index(release, arch, digest, len(manifest))), mode=0o644),
                Entry("blobs"),
                Entry("blobs/sha256"),
                *sorted(blobs, key=lambda blob: blob.path),
            ),
        )
    finally:
        layer.unlink(missing_ok=True)
    return f"sha256:{digest}"


def _content(release: ImageRelease, commands: Mapping[str, Path], system: Iterable[Entry]) -> Iterable[Entry]:
    yield from system
    yield Entry("etc/passwd", USERS, mode=0o644)
    yield Entry("etc/group", GROUPS, mode=0o644)
    yield Entry("tmp", mode=0o1777)
    for directory in release.image.directories:
        yield Entry(directory, mode=0o1777)
    for path, command in release.image.files.items():
        yield Entry(path, commands[command])
    for path, link in release.image.links.items():
        yield Entry(path, link=link)


def _config(release: ImageRelease, arch: str, layer: Packed) -> dict[str, object]:
    image = release.image
    env = [f"{key}={value}" for key, value in sorted({"PATH": PATH, **image.env}.items())]
    run: dict[str, object] = {"Env": env, "WorkingDir": "/"}
    if image.entrypoint:
        run["Entrypoint"] = list(image.entrypoint)
    if image.command:
        run["Cmd"] = list(image.command)
    if image.user:
        run["User"] = image.user
    return {
        "created": EPOCH,
        "architecture": arch,
        "os": "linux",
        "config": run,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer.tar}"]},
        "history": [{"created": EPOCH, "created_by": "nightfleet depot"}],
    }


def _manifest(config: bytes, layer: Packed) -> dict[str, object]:
    oci = "application/vnd.oci.image"
    return {
        "schemaVersion": 2,
        "mediaType": f"{oci}.manifest.v1+json",
        "config": {
            "mediaType": f"{oci}.config.v1+json",
            "digest": f"sha256:{_sha256(config)}",
            "size": len(config),
        },
        "layers": [
            {
                "mediaType": f"{oci}.layer.v1.tar+gzip",
                "digest": f"sha256:{layer.gzip}",
                "size": layer.size,
            }
        ],
    }


def _index(release: ImageRelease, arch: str, digest: str, size: int) -> dict[str, object]:
    manifest = {
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": f"sha256:{digest}",
        "size": size,
        "annotations": {
            "io.containerd.image.name": release.reference,
            "org.opencontainers.image.ref.name": release.tag,
        },
        "platform": {"architecture": arch, "os": "linux"},
    }
    return {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [manifest],
    }


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
