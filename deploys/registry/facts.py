"""What a registry holds, by its own API."""

import shlex
from collections.abc import Sequence

from deploys.hostops.facts import HostFact

ACCEPT = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"


class Digests(HostFact):
    """Manifest digest of each repository:tag; missing ones are not in the answer."""

    @staticmethod
    def default() -> dict[str, str]:
        return {}

    def command(self, tags: Sequence[str], port: int) -> str:
        quoted = " ".join(shlex.quote(tag) for tag in tags)
        return (
            f"for t in {quoted}; do d=$(curl -fsI -H {shlex.quote('Accept: ' + ACCEPT)}"
            f' "http://127.0.0.1:{port}/v2/${{t%:*}}/manifests/${{t##*:}}" 2>/dev/null'
            " | tr -d '\\r' | sed -n 's/^[Dd]ocker-[Cc]ontent-[Dd]igest: //p');"
            ' [ -z "$d" ] || echo "$t $d"; done; true'
        )

    def parse(self, output: list[str]) -> dict[str, str]:
        return dict(line.split() for line in output if line.strip())
