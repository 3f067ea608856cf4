"""Claims about builds: nothing is built twice, and what is missing is said with the way out."""

import shutil
from pathlib import Path

import pytest

from nightfleet.depot import gobuild, recipes
from nightfleet.depot.cache import Cache
from nightfleet.depot.events import Event, Step, ignore
from nightfleet.depot.fetch import fetch
from nightfleet.depot.gobuild import Job, executable, find_go
from nightfleet.depot.model import Build, Lock, Origin, load_lock
from nightfleet.depot.pin import go_mod
from nightfleet.errors import NightfleetError

needs_go = pytest.mark.skipif(not shutil.which("go"), reason="go is not installed")

PROGRAM = 'package main\n\nvar version = "none"\n\nfunc main() { println("hello", version) }\n'


def make_lock(**build: object) -> Lock:
    """Return a lock with one tarball, built from a module that lies in the build's own folder."""
    fields = {
        "modules": ["example.invalid/hello"],
        "versions": ["1.2.3"],
        "commands": {"hello": "example.invalid/hello"},
        "ldflags": "-s -w -X main.version=v{version}-{minor}",
    }
    return Lock.model_validate(
        {
            "schema": 1,
            "defaults": {},
            "kubernetes": {},
            "artifacts": {
                "hello": {
                    "kind": "tar.gz",
                    "url": "http://127.0.0.1:9/hello-{version}.tgz",
                    "build": "hello",
                    "files": {"bin/hello": "hello"},
                    "versions": {"1.2.3": {"amd64": "0" * 64, "arm64": "0" * 64}},
                }
            },
            "builds": {"hello": fields | build},
            "images": {},
        }
    )


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep a module named example.invalid/hello where go.mod files are kept."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "go.mod").write_text("module example.invalid/hello\n\ngo 1.21\n")
    (source / "main.go").write_text(PROGRAM)
    folder = tmp_path / "gomods" / "hello-1.2.3"
    folder.mkdir(parents=True)
    (folder / "go.mod").write_text(
        "module nightfleet.invalid/depot/hello\n\ngo 1.21\n\nrequire example.invalid/hello v1.2.3\n\n"
        f"replace example.invalid/hello => {source}\n"
    )
    (folder / "go.sum").write_text("")
    monkeypatch.setattr(recipes, "GOMODS", tmp_path / "gomods")
    return folder


@needs_go
def test_what_upstream_does_not_give_is_built_and_an_unchanged_recipe_is_not_built_again(
    module: Path, cache: Cache
) -> None:
    told: list[Event] = []
    index = fetch([("hello", "1.2.3")], lock=make_lock(), cache=cache, on_event=told.append)
    stored = index.files[0]
    assert (stored.origin, stored.file, stored.released) == (Origin.GOMOD, "hello-1.2.3.tgz", False)
    assert stored.go.startswith("go1.")
    assert Step.BUILD in {event.step for event in told}
    cache.forget(stored)
    told.clear()
    again = fetch([("hello", "1.2.3")], lock=make_lock(), cache=cache, on_event=told.append)
    assert again.files == (stored,)
    assert Step.BUILD not in {event.step for event in told}
    assert module.exists()


@needs_go
def test_two_depots_build_the_same_bytes(module: Path, tmp_path: Path) -> None:
    assert module.exists()
    first, second = (
        fetch([("hello", "1.2.3")], lock=make_lock(), cache=Cache(tmp_path / name)).files[0].sha256
        for name in ("one", "two")
    )
    assert first == second


@needs_go
def test_flags_say_the_version(module: Path, cache: Cache) -> None:
    assert module.exists()
    job = Job(make_lock(), "hello", "1.2.3", gobuild.host_arch())
    path = gobuild.build(job, ["hello"], cache, ignore)["hello"]
    assert b"v1.2.3-2" in path.read_bytes()


@needs_go
def test_a_build_that_fails_shows_the_compilers_last_words(module: Path, cache: Cache) -> None:
    (module.parents[1] / "source" / "main.go").write_text("package main\n\nfunc main() { nonsense() }\n")
    with pytest.raises(NightfleetError, match="undefined: nonsense"):
        fetch([("hello", "1.2.3")], lock=make_lock(), cache=cache)


def test_missing_packages_are_named_before_anything_is_compiled(module: Path, cache: Cache) -> None:
    assert module.exists()
    if not shutil.which("dpkg-query") or not shutil.which("go"):
        pytest.skip("needs go and dpkg")
    with pytest.raises(NightfleetError, match="not installed: no-such-dev") as caught:
        fetch([("hello", "1.2.3")], lock=make_lock(packages=["no-such-dev"]), cache=cache)
    assert "--install-packages" in caught.value.hint


def test_a_machine_without_go_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(gobuild, "USUAL_PLACE", str(tmp_path))
    with pytest.raises(NightfleetError, match="go is not installed") as caught:
        find_go()
    assert "install Go 1.21" in caught.value.hint


def test_go_is_found_where_its_tarball_is_unpacked_although_path_lacks_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = tmp_path / "go"
    go.write_text("#!/bin/sh\necho go1.26.8\n")
    go.chmod(0o755)
    monkeypatch.setattr(gobuild, "USUAL_PLACE", str(tmp_path))
    monkeypatch.setenv("PATH", "/nowhere")
    assert find_go() == str(go)


def test_a_go_that_is_too_old_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "go"
    old.write_text("#!/bin/sh\necho go1.19.8\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(NightfleetError, match=r"go1.19.8 is too old"):
        find_go()


def test_c_code_is_not_built_for_another_architecture(module: Path, cache: Cache) -> None:
    assert module.exists()
    if not shutil.which("go"):
        pytest.skip("go is not installed")
    other = "amd64" if gobuild.host_arch() == "arm64" else "arm64"
    with pytest.raises(NightfleetError, match="has C code"):
        fetch([("hello", "1.2.3")], lock=make_lock(cgo=True), cache=cache, arch=other)


@pytest.mark.parametrize(
    ("package", "name"),
    [
        ("k8s.io/kubernetes/cmd/kubelet", "kubelet"),
        ("go.etcd.io/etcd/etcdctl/v3", "etcdctl"),
        ("example.org/v2ray", "v2ray"),
    ],
)
def test_a_binary_has_the_name_that_go_gives_it(package: str, name: str) -> None:
    assert executable(package) == name


def test_kubernetes_staging_directories_become_the_modules_published_for_them() -> None:
    upstream = (
        "module k8s.io/kubernetes\n\ngo 1.26.0\n\ngodebug default=go1.26\n\n"
        "replace (\n\tk8s.io/api => ./staging/src/k8s.io/api\n)\n"
    )
    text = go_mod("kubernetes", load_lock().builds["kubernetes"], "1.36.3", upstream)
    assert "\ngo 1.26.0\ngodebug default=go1.26\n" in text
    assert "\nreplace k8s.io/api => k8s.io/api v0.36.3\n" in text
    assert "\ntool k8s.io/kubernetes/cmd/kubelet\n" in text


def test_an_old_language_version_is_raised_to_the_first_that_knows_tool_lines() -> None:
    build = Build(modules=("example.org/x",), versions=("1.0.0",), commands={"x": "example.org/x"})
    assert "\ngo 1.24.0\n" in go_mod("x", build, "1.0.0", "module example.org/x\n\ngo 1.21\n")
