"""`base`: what every machine gets before anything else: clock, names, kernel settings, accounts."""

from typing import Annotated, Literal

from pydantic import Field

from nightfleet.site.section import Host, Line, Section, Setting, Word, form


class Base(Section):
    """Settings of the operating system."""

    time_servers: tuple[Host, ...] = Field(
        (), description="NTP servers; without any the first control plane serves its own clock to the others"
    )
    max_clock_skew: int = Field(
        60, ge=1, description="seconds a node's clock may differ from the operator's before it is refused"
    )
    timezone: Word = Field(
        "Etc/UTC", description="a name from the time zone database", examples=["Europe/Berlin"]
    )
    locale: Word = Field("C.UTF-8", description="default locale")
    updates: Literal["security", "none", "keep"] = Field(
        "security",
        description="unattended-upgrades: security (never reboots, never touches what runs GPU work), none "
        "(switched off), keep (as the machine's owner has it)",
    )
    hold: tuple[Word, ...] = Field(
        ("linux-image-*", "nvidia-*", "libnvidia-*"),
        description="packages that unattended-upgrades must leave alone",
    )
    modules: tuple[Word, ...] = Field((), description="further kernel modules to load at boot")
    sysctls: dict[str, Setting] = Field(
        default_factory=dict,
        description="further sysctls, persistent",
        examples=[{"fs.inotify.max_user_instances": 1024}],
    )
    account: Annotated[str, form("[a-z_][-a-z0-9_]{0,30}", "a Linux user name")] = Field(
        "nightfleet", description="the account for automation: read-only, by key"
    )
    account_keys: tuple[Line, ...] = Field(
        (),
        description="public keys that may log in as that account, or files of such keys",
        examples=[["~/.ssh/id_ed25519.pub"]],
    )
    apt_lock_timeout: int = Field(600, ge=0, description="seconds to wait for another package manager")
