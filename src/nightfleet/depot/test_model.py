"""Claims about versions.yaml, its errors, and the index."""

from pathlib import Path

import pytest

from nightfleet.depot.model import (
    IMAGES,
    Arch,
    Index,
    Kind,
    Lock,
    Origin,
    Stored,
    cache_dir,
    load_index,
    load_lock,
)
from nightfleet.depot.recipes import GOMODS, gomod_dir
from nightfleet.errors import Exit, NightfleetError


@pytest.fixture(scope="module")
def lock() -> Lock:
    return load_lock()


def stored(name: str = "kubelet", version: str = "1.36.3", **other: object) -> Stored:
    fields = {
        "name": name,
        "version": version,
        "arch": Arch.AMD64,
        "file": name,
        "sha256": "a" * 64,
        "size": 3,
        "origin": Origin.GOMOD,
        "kind": Kind.BINARY,
        "key": "b" * 64,
    }
    return Stored.model_validate(fields | other)


def test_every_artifact_has_a_sha256_for_both_architectures_and_an_https_url(lock: Lock) -> None:
    for artifact in lock.artifacts.values():
        assert artifact.url_of("1", "amd64").startswith("https://")
        assert all(digests.keys() == set(Arch) for digests in artifact.versions.values())


def test_every_version_that_can_be_built_has_its_go_sum_in_the_repository(lock: Lock) -> None:
    for name, build in lock.builds.items():
        for version in build.versions:
            assert (gomod_dir(name, build, version) / "go.mod").exists()


def test_no_go_sum_is_kept_for_a_version_that_the_lock_dropped(lock: Lock) -> None:
    named = {
        gomod_dir(name, build, version) for name, build in lock.builds.items() for version in build.versions
    }
    assert set(GOMODS.iterdir()) == named


def test_every_command_of_a_build_is_in_its_module(lock: Lock) -> None:
    for build in lock.builds.values():
        for package in build.commands.values():
            assert build.language == "c" or package.startswith(build.modules)


def test_the_default_set_is_what_a_node_and_kubeadm_need(lock: Lock) -> None:
    assert [name for name, _ in lock.default_set()] == [
        *("kubelet", "kubeadm", "kubectl", IMAGES, "etcd"),
        *("containerd", "runc", "cni-plugins"),
    ]


def test_a_version_may_be_replaced_in_the_default_set(lock: Lock) -> None:
    assert ("kubelet", "1.35.4") in lock.default_set(kubernetes="1.35.4")
    with pytest.raises(NightfleetError, match=r"version of cni-plugins: '0\.1\.0'"):
        lock.default_set(cni_plugins="0.1.0")


def test_images_have_the_tags_that_kubeadm_asks_for(lock: Lock) -> None:
    references = [release.reference for release in lock.image_releases("1.36.3")]
    assert "registry.k8s.io/kube-apiserver:v1.36.3" in references
    assert "registry.k8s.io/pause:3.10.2" in references  # PauseVersion in kubeadm's constants of 1.36.3
    assert "registry.k8s.io/coredns/coredns:v1.14.3" in references
    assert "registry.k8s.io/etcd:3.6.8-0" in references


@pytest.mark.parametrize(
    ("name", "version", "hint"),
    [
        pytest.param("kublet", "1.36.3", "kubelet", id="name"),
        pytest.param("kubelet", "1.36.33", "1.36.3", id="version"),
    ],
)
def test_an_unknown_artifact_names_the_nearest_known_one(
    lock: Lock, name: str, version: str, hint: str
) -> None:
    with pytest.raises(NightfleetError) as caught:
        lock.artifact(name, version)
    assert hint in caught.value.hint
    assert caught.value.exit_code is Exit.USAGE


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        pytest.param("build: runc", "build: rnc", "artifacts.runc.build: 'rnc' is not in builds", id="build"),
        pytest.param("{runc: runc}", "{runc: crun}", "no command 'crun'", id="command"),
        pytest.param("pause/pause}", "pause/paws}", "images.pause.files: 'pause/paws'", id="image"),
        pytest.param(
            "runc: 1.4.3", "runc: 1.4.0", "defaults.runc: '1.4.0' is not in this file", id="default"
        ),
        pytest.param("f6ae8efc0f", "F6", "artifacts.runc.versions.1.4.3.amd64", id="sha256"),
        pytest.param("coredns: 1.14.3", "coredns: 1.0.0", "builds.coredns has no version '1.0.0'", id="part"),
        pytest.param('"{pause}"', '"{paws}"', "images.pause.tag", id="tag"),
        pytest.param("cgo: true", "cog: true", "builds.runc.cog", id="key"),
        pytest.param("files: {kubelet: kubelet}", "files: {../kubelet: kubelet}", "kubelet", id="upwards"),
        pytest.param("schema: 1", "schema: [", "while parsing", id="yaml"),
    ],
)
def test_a_fault_in_the_lock_is_named_with_its_file(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    text = Path(__file__).parents[3].joinpath("versions.yaml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "versions.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(NightfleetError) as caught:
        load_lock(path)
    assert complaint in caught.value.what
    assert caught.value.where == str(path)


def test_a_changed_lock_is_read_again(tmp_path: Path) -> None:
    text = Path(__file__).parents[3].joinpath("versions.yaml").read_text(encoding="utf-8")
    path = tmp_path / "versions.yaml"
    path.write_text(text, encoding="utf-8")
    load_lock(path)
    path.write_text(text.replace("schema: 1", "schema: 2"), encoding="utf-8")
    with pytest.raises(NightfleetError, match="schema"):
        load_lock(path)


def test_an_artifact_that_is_not_there_says_which_command_gets_it() -> None:
    with pytest.raises(NightfleetError) as caught:
        Index().artifact("kubelet", "1.36.3", "amd64")
    assert caught.value.hint == "nightfleet depot fetch kubelet@1.36.3 --arch amd64"


def test_images_are_complete_or_an_error_names_the_missing_one() -> None:
    image = stored("pause", "3.10.2", kind=Kind.IMAGE, reference="registry.k8s.io/pause:3.10.2")
    index = Index(kubernetes={"1.36.3": (image.reference,)}).having(image)
    assert index.images("1.36.3") == (image,)
    with pytest.raises(NightfleetError, match=r"registry.k8s.io/pause:3.10.2 for arm64"):
        index.images("1.36.3", "arm64")
    with pytest.raises(NightfleetError, match=r"images of kubernetes 1.35.4"):
        index.images("1.35.4")


def test_an_image_and_an_artifact_of_one_name_live_side_by_side() -> None:
    tarball = stored("etcd", "3.6.8")
    image = stored("etcd", "3.6.8", kind=Kind.IMAGE)
    assert set(Index().having(tarball, image).files) == {tarball, image}


def test_a_newer_file_takes_the_place_of_the_older_one() -> None:
    newer = stored(sha256="c" * 64)
    assert Index().having(stored()).having(newer).files == (newer,)


def test_an_index_that_cannot_be_read_says_what_to_do(tmp_path: Path) -> None:
    assert load_index(tmp_path) == Index()
    (tmp_path / "index.json").write_text('{"schema": 1, "files": [{"name": ', encoding="utf-8")
    with pytest.raises(NightfleetError, match="not an index") as caught:
        load_index(tmp_path)
    assert "depot fetch" in caught.value.hint


def test_the_cache_follows_xdg_cache_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/cache/somebody")
    assert cache_dir() == Path("/var/cache/somebody/nightfleet/depot")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/invalid")
    assert cache_dir() == Path.home() / ".cache/nightfleet/depot"
