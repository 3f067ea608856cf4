"""registry: a machine that keeps images for all others."""

from pyinfra.api.deploy import deploy

from deploys.base import base
from deploys.nfs_server import nfs_server
from deploys.registry import registry as serve_images


@deploy("role registry")
def registry() -> None:
    """The machine itself, the registry with the images of the version lock, and shared folders."""
    base()
    serve_images()
    nfs_server()
