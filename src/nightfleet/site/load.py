"""From file to Site: read, validate, cross-check, and report every fault at once with its line."""

import json
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from nightfleet.site.checks import check
from nightfleet.site.document import Document, parse
from nightfleet.site.faults import Fault, SiteError
from nightfleet.site.made import Made, made_by_terraform, same
from nightfleet.site.model import Site
from nightfleet.site.versions import Known, unlocked
from nightfleet.site.words import in_words, meant, sections

OPTIONAL = {name for name, field in Site.model_fields.items() if field.default is None}
LARGEST = 1_000_000  # bytes; a site file has some thousand


def load_site(path: str | Path, known: Known | None = None) -> Site:
    """Read and check a site file; SiteError holds all that is wrong with it.

    `known` are the versions of the version lock, for those who have it at hand. Without it this is called
    once per host and operation in a run, so an unchanged file is read only once.
    """
    path = Path(path).absolute()
    try:
        stat = path.stat()
    except (OSError, ValueError):  # `read` says why; ValueError is a NUL in the path
        stat = None
    if stat is None or known is not None:
        return parse_site(read(path), path, known)
    site, made = cached(path, stat.st_mtime_ns, stat.st_size)
    if not same(made):  # what Terraform said was recorded anew
        cached.cache_clear()
        site, _ = cached(path, stat.st_mtime_ns, stat.st_size)
    return site


@lru_cache(maxsize=8)
def cached(path: Path, _modified: int, _size: int) -> tuple[Site, Made | None]:
    """Read the file again only when its time or size is another one."""
    return parsed(read(path), path, None)


def read(path: Path) -> bytes:
    """Return the bytes of a site file, or say why there are none."""
    try:
        if path.is_dir():
            raise SiteError(
                path, [Fault("this is a directory", hint=f"name the file in it: {path / 'site.yaml'}")]
            )
        if not path.is_file():
            hint = "`nightfleet site init NAME` starts one"
            raise SiteError(
                path, [Fault("there is no such file" if not path.exists() else "not a file", hint=hint)]
            )
        if path.stat().st_size > LARGEST:
            raise SiteError(path, [Fault(f"{path.stat().st_size} bytes are too many for a site file")])
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SiteError(path, [Fault(f"cannot be read: {reason}")]) from error


def parse_site(raw: bytes, path: Path, known: Known | None = None) -> Site:
    """Make a Site from the bytes of the file at `path`."""
    return parsed(raw, path, known)[0]


def load_before_it_is_made(path: str | Path) -> Site:
    """Read a site whose machines Terraform may still have to make: one made-up node stands in for them.

    Such a site has no `handover`. For `nightfleet cloud`, which begins before there is anything else.
    """
    path = Path(path).absolute()
    return parsed(read(path), path, None, before=True)[0]


def parsed(raw: bytes, path: Path, known: Known | None, before: bool = False) -> tuple[Site, Made | None]:
    """Make a Site; with what it took over from Terraform, if that made its machines."""
    document, site, made = Document(), None, None
    try:
        document = parse(raw.decode("utf-8-sig"))
        faults = list(document.faults)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        what = f"not text in UTF-8: byte 0x{raw[error.start]:02x}"
        faults = [Fault(what, hint="save the file as UTF-8", line=line)]
    if isinstance(document.data, dict) and (made := made_by_terraform(document.data, path, before)):
        document.data = made.data
        faults += made.faults
    if isinstance(document.data, dict) and not (made and made.faults):
        found, site = validate(document)
        faults += found + (check(site) if site else [])
        faults += unlocked(site, known) if site and known is not None else []
    elif not faults:
        what = (
            "the file is empty"
            if document.data is None
            else "the file does not begin with a section like 'nodes:'"
        )
        faults = [Fault(what, hint="`nightfleet site init NAME` writes one to begin with", line=1)]
    if faults or site is None:
        raise SiteError(path, [located(fault, document) for fault in faults])
    return site.at(path, document.lines).over(made.handover if made else None), made


def validate(document: Document) -> tuple[list[Fault], Site | None]:
    """Return what the models find wrong, and the Site as it would be without mistyped and unknown keys.

    A mistyped key is read as the one that was meant, so that what stands below it is checked in the same run.
    """
    for name in sections(Site):
        if name in document.data and document.data[name] is None and name not in OPTIONAL:
            document.data[name] = {}  # `smoke:` with all its keys commented out
    faults: list[Fault] = []
    while True:
        try:
            text = json.dumps(document.data)
            return faults, Site.model_validate_json(text, strict=True, by_alias=True, by_name=False)
        except ValidationError as error:
            errors = error.errors(include_url=False)
        strange = [fault for fault in errors if fault["type"] == "extra_forbidden"]
        found = [in_words(Site, fault) for fault in strange or errors]
        faults += [located(fault, document) for fault in found]
        if not strange:
            return faults, None
        for fault in found:
            document.rename(fault.at, meant(Site, fault.at))


def located(fault: Fault, document: Document) -> Fault:
    """Give a fault that knows its key the line of that key."""
    return Fault(fault.what, fault.at, fault.hint, fault.line or document.line(fault.at))
