"""Is this machine ready, are the nodes reachable, is the cluster well? Looks, changes nothing.

Probing and judging are apart: a probe returns what it saw (or that it saw nothing, which is unknown and never
good news), and a pure function makes findings of it, each with a way out.
"""

from nightfleet.doctor.examine import examine
from nightfleet.finding import Finding, Status

__all__ = ["Finding", "Status", "examine"]
