"""An apply while the cloud has a bad day: tokens that end in the middle, an API that answers 503."""

from collections.abc import Iterator
from contextlib import contextmanager

from cloud.box import Box
from cloud.project import Project
from cloud.weather import Weather, proxy

OVERRIDE = """\
provider "openstack" {{
  endpoint_overrides = {{
    volumev3 = "{url}/v3/"
  }}
}}
"""
NOTHING = {"create": 0, "update": 0, "replace": 0, "delete": 0}


@contextmanager
def before_volumes(small: Project) -> Iterator[Weather]:
    """Put the weather between Terraform and Cinder."""
    override = small.directory / "versions_override.tf"
    with proxy("http://127.0.0.1:8776") as weather:
        override.write_text(OVERRIDE.format(url=weather.url))
        try:
            yield weather
        finally:
            override.unlink()


def workers(number: int) -> dict[str, str]:
    return {f"small-w{i}": f"192.168.61.{20 + i}" for i in range(1, number + 1)}


def test_a_token_that_ends_in_the_middle_is_replaced_by_a_new_one(small: Project) -> None:
    """An API answers 401 to a token that has come to its end; the provider gets another one from Keystone."""
    with before_volumes(small) as weather:
        with small.applying(3) as process:
            weather.end_tokens()
            assert process.wait(timeout=300) == 0, (small.place / "apply.log").read_text()
        assert weather.lost
        assert weather.seen - weather.ended
    assert small.plan()["verdict"]["counts"] == NOTHING


def test_after_tokens_were_withdrawn_in_the_middle_the_same_command_goes_on(small: Project, box: Box) -> None:
    """Not the same as their end: services know a token for minutes, and one that asks the next is told no.

    Nova then says 400 and no 401, so that no client gets itself a new token.
    """
    small.say(workers=workers(2))
    user = box.admin.identity.find_user("demo", ignore_missing=False)
    with small.applying(1) as process:
        # a new password, even the same, withdraws every token that was given out
        box.admin.identity.update_user(user, password="secret")
        process.wait(timeout=300)
    box.reconnect()
    small.run("apply")
    assert small.plan()["verdict"]["counts"] == NOTHING
    assert box.server("small-w2").status == "ACTIVE"


def test_an_api_that_answers_503_for_a_while_stops_the_apply_and_the_same_command_goes_on(
    small: Project, box: Box
) -> None:
    small.say(workers=workers(3))
    with before_volumes(small) as weather:
        with small.applying(1) as process:
            weather.storm = True
            assert process.wait(timeout=300) == 1
        assert weather.lost
        weather.storm = False
        small.run("apply")
        assert small.plan()["verdict"]["counts"] == NOTHING
    assert box.server("small-w3").status == "ACTIVE"
