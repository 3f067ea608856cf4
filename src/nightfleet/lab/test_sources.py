import pytest

from nightfleet.errors import NightfleetError
from nightfleet.lab.sources import Archive, Source, access, archive, parse, render

DEBIAN = """\
Types: deb
# a comment in the middle
URIs: http://mirror.example.org/debian/
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb deb-src
URIs: http://mirror.example.org/debian-security
Suites: bookworm-security
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""
UBUNTU = """\
Types: deb
URIs: http://ubuntu.example.org/ubuntu
Suites: noble noble-updates noble-backports
Components: main restricted universe
Signed-By: /usr/share/keyrings/ubuntu-archive-keyring.gpg
"""
OTHERS = {
    "vendor.list": "deb [signed-by=/usr/share/keyrings/vendor.gpg] https://v.example bookworm main\n",
    "container.sources": "Types: deb\nURIs: https://c.example\nSuites: bookworm\nComponents: stable\n",
    "node.sources": "Types: deb\nURIs: https://n.example\nSuites: nodistro\nComponents: main\n",
    "off.sources": DEBIAN.replace("Types: deb\n", "Enabled: no\nTypes: deb\n"),
}


def test_the_distributions_own_archives_are_taken_and_no_others() -> None:
    found = archive(parse({"debian.sources": DEBIAN, **OTHERS}), "debian", "bookworm")
    assert [source.uri for source in found.sources] == [
        "http://mirror.example.org/debian",
        "http://mirror.example.org/debian-security",
        "http://mirror.example.org/debian-security",  # off.sources turns off its first stanza only
    ]
    assert found.mirror == "http://mirror.example.org/debian"
    assert found.keyring == "/usr/share/keyrings/debian-archive-keyring.gpg"


def test_one_line_sources_with_options_and_comments_are_read() -> None:
    text = """\
# deb http://old.example.org/debian bullseye main
deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://m.example/d bookworm main #x
deb-src http://m.example/debian bookworm main
deb http://m.example/debian bookworm-updates main non-free
"""
    assert parse({"sources.list": text}) == [
        Source(
            "http://m.example/d",
            ("bookworm",),
            ("main",),
            "/usr/share/keyrings/debian-archive-keyring.gpg",
        ),
        Source("http://m.example/debian", ("bookworm-updates",), ("main", "non-free")),
    ]


def test_on_ubuntu_the_suites_are_ubuntus_and_backports_are_left_out() -> None:
    found = archive(parse({"ubuntu.sources": UBUNTU}), "ubuntu", "noble")
    (source,) = found.sources
    assert source.suites == ("noble", "noble-updates")
    assert found == Archive(
        "http://ubuntu.example.org/ubuntu", "/usr/share/keyrings/ubuntu-archive-keyring.gpg", (source,)
    )


def test_without_an_archive_of_the_distribution_the_error_says_what_to_add() -> None:
    with pytest.raises(NightfleetError) as raised:
        archive(parse(OTHERS), "debian", "trixie")
    assert raised.value.hint == "add the debian archive, suite trixie, component main, to the apt sources"


def test_rendered_sources_are_read_back_as_they_were() -> None:
    sources = parse({"debian.sources": DEBIAN})
    assert parse({"x.sources": render(tuple(sources))}) == sources


def test_a_key_inside_a_source_is_kept() -> None:
    inline = DEBIAN.replace(
        "/usr/share/keyrings/debian-archive-keyring.gpg",
        "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDMEY86",
    )
    found = archive(parse({"debian.sources": inline}), "debian", "bookworm")
    assert found.keyring == "/usr/share/keyrings/debian-archive-keyring.gpg"
    assert "-----BEGIN PGP PUBLIC KEY BLOCK-----" in render(found.sources)


def test_only_settings_that_say_how_archives_are_reached_go_to_the_hosts() -> None:
    dump = """\
Acquire "";
Acquire::http "";
Acquire::http::Proxy "http://proxy.example:3128";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::GzipIndexes "true";
DPkg::Post-Invoke:: "rm -f /var/cache/apt/archives/*.deb";
"""
    assert access(dump).splitlines() == [
        'Acquire::http::Proxy "http://proxy.example:3128";',
        'Acquire::Check-Valid-Until "false";',
    ]
    assert access("") == ""
