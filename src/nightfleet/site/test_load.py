"""Claims about what an operator sees when a site file is wrong."""

import os
from pathlib import Path

import pytest

from nightfleet.errors import Exit
from nightfleet.site import Role, SiteError, load_site
from nightfleet.site.conftest import Edit, Faults

WORKERS = "}\nclasses"  # the end of line 4

WRONG = {
    "key-mistyped": (("user: root", "usr: root"), "7: connection: unknown key 'usr'"),
    "section-mistyped": (("network:", "netwrk:"), "8: unknown section 'netwrk'"),
    "section-missing": (("connection: {user: root, key: key}\n", ""), "1: 'connection' is missing"),
    "key-missing": (("user: root, ", ""), "7: connection: 'user' is missing"),
    "key-missing-in-a-range": ((", class: box}\n  w", "}\n  w"), "3: nodes.c1: 'class' is missing"),
    "range-without-anything": (("  c1: {", "  x: {}\n  c1: {"), "3: nodes.x: 'address' is missing"),
    "word-mistyped": (
        ("[worker]", "[wroker]"),
        "4: nodes.w[1-2].roles[0] must be one of control_plane, worker, registry, not 'wroker'",
    ),
    "no-list": (("[worker]", "worker"), "4: nodes.w[1-2].roles must be a list, like [a, b], not 'worker'"),
    "empty-list": (
        ("[worker]", "[]"),
        "4: nodes.w[1-2].roles must be filled with at least 1 entry, not an empty list",
    ),
    "number-for-a-version": (
        (WORKERS, f", kubernetes: 1.36{WORKERS}"),
        "4: nodes.w[1-2].kubernetes must be a version like '1.36.3', not 1.36",
    ),
    "number-for-text": (
        (WORKERS, f", labels: {{rack: 5}}{WORKERS}"),
        "4: nodes.w[1-2].labels.rack must be text, not 5",
    ),
    "python-names-are-no-keys": (
        (WORKERS, f", class_: box{WORKERS}"),
        "4: nodes.w[1-2]: unknown key 'class_'",
    ),
    "host-in-a-network": (
        ("10.0.0.0/24", "10.0.0.1/24"),
        "9: network.nodes must be an IPv4 network, not '10.0.0.1/24'",
    ),
    "empty-value": (("10.1.0.0/16", ""), "10: network.pods must be an IPv4 network, not empty"),
    "huge-number": (
        ("user:", f"port: 1{'0' * 80}, user:"),
        f"7: connection.port must be at most 65535, not 1{'0' * 59}…",
    ),
    "quoted-number": (
        ("user:", "port: '22', user:"),
        "7: connection.port must be a whole number, not '22'",
    ),
    "truth-for-a-number": (
        ("user:", "port: true, user:"),
        "7: connection.port must be a whole number, not true",
    ),
    "word-for-truth": (
        ("user:", "sudo: yes, user:"),
        "7: connection.sudo must be true or false, not 'yes'",
    ),
    "list-for-a-section": (
        ("{user: root, key: key}", "[root]"),
        "7: connection must be a mapping, with 'key: value' lines below, not a list",
    ),
    "name-in-capitals": (
        ("site: small", "site: Small"),
        "1: site must be a name of lower-case letters, digits and '-', at most 63 long, not 'Small'",
    ),
}


@pytest.mark.parametrize(("edit", "fault"), WRONG.values(), ids=WRONG)
def test_a_fault_has_its_line_and_quotes_the_value(faults: Faults, edit: Edit, fault: str) -> None:
    assert faults(edit)[0] == fault


def hint_of(small: str, tmp_path: Path, edit: Edit, what: str) -> str:
    """Return the hint of the fault that begins with `what`."""
    path = tmp_path / "site.yaml"
    path.write_text(small.replace(*edit))
    with pytest.raises(SiteError) as caught:
        load_site(path)
    return next(fault.hint for fault in caught.value.faults if fault.what.startswith(what))


@pytest.mark.parametrize(
    ("edit", "what", "hint"),
    [
        pytest.param(("user:", "usr:"), "connection: unknown", "did you mean 'user'?", id="nearest-key"),
        pytest.param(("network:", "netwrk:"), "unknown", "did you mean 'network'?", id="nearest-section"),
        pytest.param(("[worker]", "[wroker]"), "nodes", "did you mean 'worker'?", id="nearest-word"),
        pytest.param(("[worker]", "worker"), "nodes", "write [worker]", id="list"),
        pytest.param(("10.0.0.0/24", "10.0.0.1/24"), "network", "did you mean 10.0.0.0/24?", id="network"),
        pytest.param(
            ("site: small", "site: small\npods: 10.1.0.0/16"),
            "unknown",
            "'pods' belongs into the section 'network'",
            id="another-section",
        ),
        pytest.param(
            ("user:", "password: hunter2, user:"),
            "connection: unknown",
            "secrets are not kept in a site file: people share it, and it lies in git",
            id="password",
        ),
        pytest.param(
            ("user:", "zzz: 1, user:"),
            "connection: unknown",
            "known here: user, key, known_hosts, port, sudo",
            id="far-from-everything",
        ),
        pytest.param(
            ("roles: [worker], ", ""),
            "nodes.w[1-2]: 'roles'",
            "control_plane, worker, registry",
            id="meaning",
        ),
    ],
)
def test_a_fault_says_what_would_be_right(
    small: str, tmp_path: Path, edit: Edit, what: str, hint: str
) -> None:
    assert hint_of(small, tmp_path, edit, what) == hint


def test_all_faults_come_at_once_in_the_order_of_the_file(faults: Faults) -> None:
    assert faults(
        ("user:", "usr:"), ("[21-22]", "[21-23]"), ("10.2.0.0", "10.1.0.0"), ("kind:", "kind: vm, kind:")
    ) == [
        "4: 'w[1-2]' means 2 nodes, its address '10.0.0.[21-23]' 3 addresses",
        "6: 'kind' is here twice",
        "7: connection: unknown key 'usr'",
        "11: network.services, 10.1.0.0/16, overlaps network.pods, 10.1.0.0/16",
    ]


def test_what_stands_below_a_mistyped_section_is_checked_in_the_same_run(faults: Faults) -> None:
    assert faults(("connection:", "conection:"), ("user: root", "port: 0, user: root")) == [
        "7: unknown section 'conection'",
        "7: connection.port must be at least 1, not 0",
    ]


def test_one_fault_reads_as_a_line_and_many_as_a_list(small: str, tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(small.replace("user:", "usr:"))
    with pytest.raises(SiteError) as one:
        load_site(path)
    assert str(one.value) == f"{path}:7: connection: unknown key 'usr'\n  hint: did you mean 'user'?"
    assert one.value.exit_code is Exit.USAGE
    path.write_text(small.replace("user:", "usr:").replace("key: key", "kay: key"))
    with pytest.raises(SiteError) as two:
        load_site(path)
    assert str(two.value) == (
        f"{path}: 2 faults\n"
        f"  {path}:7: connection: unknown key 'usr'\n    did you mean 'user'?\n"
        f"  {path}:7: connection: unknown key 'kay'\n    did you mean 'key'?"
    )


def test_paths_are_relative_below_the_working_directory(
    small: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site.yaml").write_text(small.replace("user:", "usr:"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SiteError, match="connection") as caught:
        load_site("site.yaml")
    assert caught.value.where == "site.yaml:7"


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        pytest.param(b"", "1: the file is empty", id="empty"),
        pytest.param(b"# only words\n", "1: the file is empty", id="comments"),
        pytest.param(b"- a\n- b\n", "1: the file does not begin with a section like 'nodes:'", id="list"),
        pytest.param(b"just words\n", "1: the file does not begin with a section like 'nodes:'", id="words"),
        pytest.param(b"site: a\ntitle: \xe9t\xe9\n", "2: not text in UTF-8: byte 0xe9", id="latin-1"),
        pytest.param(bytes(range(256)), "1: the character U+0000 may not stand in a text file", id="binary"),
        pytest.param("site: a".encode("utf-16"), "1: not text in UTF-8: byte 0xff", id="utf-16"),
        pytest.param(b"x" * 1_000_001, "0: 1000001 bytes are too many for a site file", id="large"),
    ],
)
def test_a_file_that_is_no_site_gives_one_clear_fault(tmp_path: Path, raw: bytes, fault: str) -> None:
    path = tmp_path / "site.yaml"
    path.write_bytes(raw)
    with pytest.raises(SiteError) as caught:
        load_site(path)
    if raw == bytes(range(256)):
        fault = "2: not text in UTF-8: byte 0x80"  # 0x0a is on the way there
    assert [f"{each.line}: {each.what}" for each in caught.value.faults] == [fault]


@pytest.mark.parametrize(
    ("name", "what"),
    [
        pytest.param("nothing.yaml", "there is no such file", id="missing"),
        pytest.param(".", "this is a directory", id="directory"),
        pytest.param("pipe", "not a file", id="pipe"),
        pytest.param("a\0b", "there is no such file", id="nul"),
        pytest.param("x" * 300, "cannot be read: File name too long", id="long"),
    ],
)
def test_a_path_that_is_no_file_gives_one_clear_fault(tmp_path: Path, name: str, what: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SiteError) as caught:
        load_site(tmp_path / name)
    assert caught.value.what == what


def test_a_byte_order_mark_does_no_harm(small: str, tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(small, encoding="utf-8-sig")
    assert load_site(tmp_path / "site.yaml").site == "small"


def test_an_empty_section_has_its_defaults(small: str, tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(f"{small}smoke:\n  # timeout: 60\nbase:\n")
    assert load_site(tmp_path / "site.yaml").smoke.timeout == 180


def test_an_unchanged_file_is_read_once_and_a_changed_one_again(small: str, tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(small)
    first = load_site(path)
    assert load_site(str(path)) is first
    path.write_text(small.replace("site: small", "site: other"))
    assert load_site(path).site == "other"


def test_a_site_answers_for_its_nodes(small: str, tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(small)
    site = load_site(path)
    assert [node.name for node in site.fleet] == ["c1", "w1", "w2"]
    assert site.node("w2").pod_cidr == next(node.pod_cidr for node in site.having(Role.WORKER)[1:])
    assert site.endpoint == "10.0.0.11:6443"
    assert site.file("key") == tmp_path / "key"
    assert site.file("~/key") == Path.home() / "key"
    with pytest.raises(KeyError):
        site.node("w3")


def test_groups_are_what_pyinfra_takes(small: str, tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(small.replace("user: root", "user: debian, port: 2222"))
    groups = load_site(path).groups()
    assert list(groups) == ["control_plane", "worker", "registry", "first_control_plane"]
    assert [name for name, _ in groups["worker"]] == ["w1", "w2"]
    (name, data), *_ = groups["first_control_plane"]
    assert name == "c1"
    assert data == {
        "site": str(path),
        "ssh_hostname": "10.0.0.11",
        "ssh_port": 2222,
        "ssh_user": "debian",
        "ssh_key": str(tmp_path / "key"),
        "ssh_known_hosts_file": str(tmp_path / "known_hosts"),
        "ssh_strict_host_key_checking": "yes",
        "_sudo": True,
    }
