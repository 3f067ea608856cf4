"""`smoke`: the proof that a cluster works."""

from pydantic import Field

from nightfleet.site.section import Section, Word


class Smoke(Section):
    """One pod per worker that is pulled, resolved and talked to."""

    image: Word | None = Field(
        None,
        description="image of the test pods; by default agnhost from the version lock",
        examples=["registry.k8s.io/e2e-test-images/agnhost:2.59"],
    )
    timeout: int = Field(180, ge=10, description="seconds for the whole proof")
