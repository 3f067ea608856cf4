"""What every section shares: unknown keys are errors, values are immutable, text has a form."""

from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema


class Section(BaseModel):
    """One section of site.yaml; its field descriptions are the reference and the editor's help."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


FORMS: dict[str, str] = {}  # pattern -> what it stands for, in words; both come from `form`


def form(pattern: str, words: str) -> Any:
    """Return a Field for text of this pattern; an error says `words` instead of the pattern."""
    FORMS[f"^({pattern})$"] = words
    return Field(pattern=f"^({pattern})$")


def as_text(value: object) -> object:
    """Let a number stand for its text, where people would never think of quotes."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


LABEL = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"  # DNS-1123
DNS = rf"{LABEL}(\.{LABEL})*"
IP = r"\d{1,3}(\.\d{1,3}){3}"

Address = IPv4Address
Network4 = IPv4Network
Version = Annotated[str, form(r"\d+\.\d+\.\d+", "a version like '1.36.3'")]
Name = Annotated[str, form(LABEL, "a name of lower-case letters, digits and '-', at most 63 long")]
Domain = Annotated[str, form(DNS, "a DNS name in lower case like 'gpu.example.org'")]
Host = Annotated[str, form(f"{DNS}|{IP}", "a DNS name or an IPv4 address")]
Resolver = Annotated[str, form(rf"{IP}(:\d+)?", "an IPv4 address")]
HostPort = Annotated[str, form(rf"({DNS}|{IP}):\d{{1,5}}", "host:port, like 'api.gpu.example.org:6443'")]
Url = Annotated[str, form(r"https?://[^\s/]+(/\S*)?", "a URL that begins with http:// or https://")]
File = Annotated[str, form(r"[^\x00-\x1f]+", "the path of a file")]
Line = Annotated[str, form(r"[^\x00-\x1f]*", "text on one line")]
Word = Annotated[str, form(r"\S+", "text without spaces")]
Directory = Annotated[str, form(r"/[^\s:]+", "an absolute path without spaces")]
Interface = Annotated[str, form(r"[^\s/:]{1,15}", "the name of a network interface, at most 15 characters")]
Cpu = Annotated[
    str,
    form(r"\d+(\.\d+)?|\d+m", "an amount of CPU like '500m' or '2'"),
    BeforeValidator(as_text),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": r"^\d+(\.\d+)?m?$"}, {"type": "number"}]}),
]
Memory = Annotated[str, form(r"\d+([KMGT]i?)?", "an amount of memory like '512Mi'")]
Threshold = Annotated[
    str, form(r"\d+(\.\d+)?%|\d+([KMGT]i?)?", "a share like '10%' or an amount like '200Mi'")
]
Setting = Annotated[
    str,
    BeforeValidator(as_text),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "number"}]}),
]
