"""registry: a machine that keeps images for all others."""

from pyinfra.api.deploy import deploy

from deploys.base import base
from deploys.registry import registry as serve_images


@deploy("role registry")
def registry() -> None:
    """The machine itself, then the registry with the images of the version lock."""
    base()
    serve_images()
