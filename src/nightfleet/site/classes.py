"""`classes`: what kind of machine a node is, and what follows from that."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from nightfleet.site.section import Cpu, Memory, Section


class Kind(StrEnum):
    """What stands behind a node's name."""

    SERVER = "server"  # ours around the clock
    DESKTOP = "desktop"  # borrowed: day users must notice nothing
    VM = "vm"  # a cloud instance
    CONTAINER = "container"  # a systemd-nspawn host of the lab; shares the machine's kernel and clock


class NodeClass(Section):
    """A class of machines that are treated alike."""

    kind: Kind = Field(description="server, desktop (borrowed), vm or container (a lab host)")
    swap: Literal["off", "keep"] = Field(
        "off",
        description="off: swap is disabled for good; keep: it stays and kubelet is told not to mind "
        "(borrowed desktops need it by day)",
    )
    system_reserved_cpu: Cpu = Field(
        "200m", description="CPU kept from pods for the system", examples=["500m"]
    )
    system_reserved_memory: Memory = Field("512Mi", description="memory kept from pods for the system")
    max_pods: int = Field(110, ge=8, le=254, description="most pods on one node")
