"""smoke, decided: what is proven, and when the proof has to be made anew. Pure."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploys.hostops.wanted import File
from nightfleet.depot.model import Index
from nightfleet.site import Role, Site

TEMPLATES = Path(__file__).parent / "templates"
NAMESPACE = "nightfleet-smoke"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One proof."""

    manifest: str
    workers: tuple[str, ...]
    service: str  # DNS name of the Service
    image: str
    timeout: int

    def fingerprint(self, ready: Sequence[str]) -> str:
        """Name what a proof is about: these workers, this image, this manifest."""
        about = [sorted(set(ready) & set(self.workers)), self.manifest]
        return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:16]


def plan(site: Site, index: Index, arch: str) -> Wanted:
    """Decide the proof for a site."""
    image = site.smoke.image or default_image(index, site.artifacts.kubernetes, arch)
    manifest = File.from_template(
        "smoke.yaml", TEMPLATES / "smoke.yaml.j2", namespace=NAMESPACE, image=image
    ).content
    return Wanted(
        manifest=manifest,
        workers=tuple(node.name for node in site.having(Role.WORKER)),
        service=f"smoke.{NAMESPACE}.svc.{site.network.cluster_domain}",
        image=image,
        timeout=site.smoke.timeout,
    )


def default_image(index: Index, kubernetes: str, arch: str) -> str:
    """Return agnhost's reference in the lock."""
    return next(image.reference for image in index.images(kubernetes, arch) if "/agnhost:" in image.reference)
