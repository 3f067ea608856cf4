"""`connection`: how the operator reaches the machines."""

from pydantic import Field

from nightfleet.site.section import File, Section, Word


class Connection(Section):
    """SSH to every node; host keys are always checked."""

    user: Word = Field(description="login name; needs root rights, by itself or by sudo", examples=["debian"])
    key: File = Field(description="private key file; ~ is your home, relative paths start at the site file")
    known_hosts: File = Field(
        "known_hosts", description="file with the machines' host keys; an unknown or changed key is refused"
    )
    port: int = Field(22, ge=1, le=65535, description="port of sshd")
    sudo: bool | None = Field(None, description="use sudo; by default whenever user is not root")

    @property
    def needs_sudo(self) -> bool:
        """Whether commands go through sudo."""
        return self.user != "root" if self.sudo is None else self.sudo
