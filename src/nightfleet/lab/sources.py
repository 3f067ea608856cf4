"""The machine's own apt sources: which mirror and which access settings the hosts of a lab use. Pure.

Only the archives of the machine's own distribution are taken; a third party's archive often names the same
suite, but not the component `main` signed by the distribution's own key.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from nightfleet.errors import NightfleetError

_POCKETS = ("", "-updates", "-security")
# What decides whether and how an archive is reached; the rest of the machine's settings is its own business.
_ACCESS = re.compile(
    r'Acquire::(?:https?|ftp|Retries|Check-Valid-Until|Check-Date|ForceIPv[46]|Proxy[^ ]*)\b.* ".+";'
)


@dataclass(frozen=True, slots=True)
class Source:
    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""  # a path, or a whole key in deb822's own way of writing it; empty: apt's trusted keys


@dataclass(frozen=True, slots=True)
class Archive:
    """The mirror for debootstrap, and what the hosts' sources say."""

    mirror: str
    keyring: str
    sources: tuple[Source, ...]


def parse(files: dict[str, str]) -> list[Source]:
    """Every `deb` source of files named like those in /etc/apt: *.sources in deb822, *.list one per line."""
    sources: list[Source] = []
    for name, text in sorted(files.items()):
        sources += _deb822(text) if name.endswith(".sources") else _one_line(text)
    return sources


def _deb822(text: str) -> Iterator[Source]:
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", lines):
        fields = {
            key.lower(): value.strip()
            for key, value in re.findall(r"(?m)^([A-Za-z-]+):((?:.*)(?:\n[ \t].*)*)", stanza)
        }
        if (
            fields.get("enabled", "yes").lower() in ("no", "false", "0")
            or "deb" not in fields.get("types", "").split()
        ):
            continue
        for uri in fields.get("uris", "").split():
            yield Source(
                uri,
                tuple(fields.get("suites", "").split()),
                tuple(fields.get("components", "").split()),
                fields.get("signed-by", ""),
            )


def _one_line(text: str) -> Iterator[Source]:
    pattern = r"(?m)^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)[ \t]*([^#\n]*)"
    for options, uri, suite, components in re.findall(pattern, text):
        signed = re.search(r"signed-by=(\S+)", options)
        yield Source(uri, (suite,), tuple(components.split()), signed.group(1) if signed else "")


def archive(sources: list[Source], distribution: str, codename: str) -> Archive:
    """The distribution's own part of the sources; an error when there is none."""
    suites = [codename + pocket for pocket in _POCKETS]
    own = tuple(
        Source(source.uri.rstrip("/"), kept, source.components, source.signed_by)
        for source in sources
        if "main" in source.components and _signed_by_distribution(source, distribution)
        if (kept := tuple(suite for suite in source.suites if suite in suites))
    )
    main = next((source for source in own if codename in source.suites), None)
    if main is None:
        raise NightfleetError(
            f"no apt source names the suite '{codename}' of {distribution}",
            where="/etc/apt",
            hint=f"add the {distribution} archive, suite {codename}, component main, to the apt sources",
        )
    path = main.signed_by if main.signed_by.startswith("/") else ""
    return Archive(main.uri, path or f"/usr/share/keyrings/{distribution}-archive-keyring.gpg", own)


def _signed_by_distribution(source: Source, distribution: str) -> bool:
    if not source.signed_by.startswith("/"):
        return True
    return PurePosixPath(source.signed_by).name.startswith(f"{distribution}-archive")


def render(sources: tuple[Source, ...]) -> str:
    """A deb822 file for the hosts."""
    stanzas = [
        [
            "Types: deb",
            f"URIs: {source.uri}",
            f"Suites: {' '.join(source.suites)}",
            f"Components: {' '.join(source.components)}",
            *([f"Signed-By: {source.signed_by}"] if source.signed_by else []),
        ]
        for source in sources
    ]
    return "\n\n".join("\n".join(stanza) for stanza in stanzas) + "\n"


def access(apt_config_dump: str) -> str:
    """The lines of `apt-config dump` that say how archives are reached: proxies, retries, clock checks."""
    lines = [line for line in apt_config_dump.splitlines() if _ACCESS.fullmatch(line)]
    return "\n".join(lines) + "\n" if lines else ""
