"""registry, taken back: the registries stop, and their images go."""

from deploys.hostops import File, site, take_back
from deploys.registry.plan import ETC, TEMPLATES

TRACES = (ETC, "/etc/systemd/system/nightfleet-registry@.service")


def undo() -> None:
    """Take the registry away; its packages go with the others (base)."""
    script = File.from_template("undo.sh", TEMPLATES / "undo.sh.j2", storage=site().registry.storage)
    take_back(name="Take back the registry", traces=TRACES, script=script.content)
