"""A leave as one HTML page without outside parts: how long each step took, and every difference. Pure."""

from datetime import UTC, datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from nightfleet.membership.left import Left


def render_leave(left: Left, at: datetime) -> str:
    """Return the page; everything that a machine or a person wrote is escaped."""
    environment = Environment(
        loader=PackageLoader("nightfleet.membership"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    groups = left.comparison.grouped() if left.comparison else {}
    page = environment.get_template("leave.html.j2")
    longest = max(left.took.values(), default=0.0) or 1.0
    return page.render(left=left, at=at.astimezone(UTC), groups=groups, longest=longest)
