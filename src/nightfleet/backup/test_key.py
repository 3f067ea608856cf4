"""The operator's key: made once, opens what was encrypted to it, and nothing else does."""

import hashlib
import io
import stat
import tarfile
from pathlib import Path

import pyrage
import pytest

from nightfleet.backup import key as keys
from nightfleet.errors import Exit, NightfleetError


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A key pair."""
    path = tmp_path / "state" / "backup.key"
    keys.make(path)
    return path


def encrypted(path: Path, key: Path, content: bytes) -> Path:
    """Encrypt to the public half of a key, as a host does."""
    recipient = pyrage.x25519.Recipient.from_str(keys.public(key))
    path.write_bytes(pyrage.encrypt(content, [recipient]))
    return path


def snapshot(size: int) -> bytes:
    """Return something with its sum at the end, as etcd writes it."""
    content = b"etcd" * (size // 4)
    return content + hashlib.sha256(content).digest()


def test_a_key_is_its_owners_alone_and_never_replaced(key: Path) -> None:
    before = key.read_text()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    with pytest.raises(NightfleetError) as error:
        keys.make(key)
    assert error.value.exit_code is Exit.REFUSED
    assert key.read_text() == before


def test_its_public_half_is_what_the_site_takes(key: Path) -> None:
    assert keys.public(key).startswith("age1")
    assert f"# public key: {keys.public(key)}\n" in key.read_text()


def test_a_snapshot_larger_than_a_pipe_is_opened_and_compared_with_its_sum(tmp_path: Path, key: Path) -> None:
    content = snapshot(5_000_000)
    path = encrypted(tmp_path / "x.age", key, content)
    assert keys.check_snapshot(path, keys.read(key)) == len(content)


@pytest.mark.parametrize("content", [b"", b"short", snapshot(100)[:-1], b"x" + snapshot(100)])
def test_a_snapshot_that_is_not_whole_is_refused(tmp_path: Path, key: Path, content: bytes) -> None:
    path = encrypted(tmp_path / "x.age", key, content)
    with pytest.raises(NightfleetError, match="no whole snapshot"):
        keys.check_snapshot(path, keys.read(key))


def test_another_key_opens_nothing(tmp_path: Path, key: Path) -> None:
    other = tmp_path / "other"
    keys.make(other)
    with pytest.raises(NightfleetError, match="cannot be opened with this key") as error:
        keys.check_snapshot(encrypted(tmp_path / "x.age", key, snapshot(100)), keys.read(other))
    assert error.value.exit_code is Exit.REFUSED


def test_what_was_cut_off_or_changed_is_refused(tmp_path: Path, key: Path) -> None:
    path = encrypted(tmp_path / "x.age", key, snapshot(200_000))
    whole = path.read_bytes()
    for broken in (whole[:-100], whole[:1000] + b"x" + whole[1001:]):
        path.write_bytes(broken)
        with pytest.raises(NightfleetError):
            keys.check_snapshot(path, keys.read(key))


def test_the_clusters_keys_are_read_by_their_names(tmp_path: Path, key: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo("etc/kubernetes/pki/ca.crt")
        member.size = 3
        archive.addfile(member, io.BytesIO(b"pem"))
    path = encrypted(tmp_path / "x.age", key, buffer.getvalue())
    assert keys.read_keys(path, keys.read(key)) == {"etc/kubernetes/pki/ca.crt": b"pem"}


def test_a_file_that_is_no_key_says_what_one_looks_like(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("ssh-ed25519 AAAA")
    for path in (tmp_path / "x", tmp_path / "nothing"):
        with pytest.raises(NightfleetError) as error:
            keys.read(path)
        assert error.value.exit_code is Exit.USAGE
