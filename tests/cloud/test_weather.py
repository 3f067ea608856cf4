"""An apply while the cloud has a bad day: tokens that end in the middle, an API that answers 503."""

from cloud.box import Box
from cloud.project import Project
from cloud.weather import proxy

OVERRIDE = """\
provider "openstack" {{
  endpoint_overrides = {{
    volumev3 = "{url}/v3/"
  }}
}}
"""
NOTHING = {"create": 0, "update": 0, "replace": 0, "delete": 0}


def test_a_token_that_ends_in_the_middle_is_replaced_by_a_new_one(small: Project, box: Box) -> None:
    user = box.admin.identity.find_user("demo", ignore_missing=False)
    with small.applying(3) as process:
        # a new password, even the same, ends every token that was given out
        box.admin.identity.update_user(user, password="secret")
        assert process.wait(timeout=300) == 0, (small.place / "apply.log").read_text()
    box.reconnect()
    assert small.plan()["verdict"]["counts"] == NOTHING


def test_an_api_that_answers_503_for_a_while_stops_the_apply_and_the_same_command_goes_on(
    small: Project, box: Box
) -> None:
    small.say(workers={"small-w1": "192.168.61.21", "small-w2": "192.168.61.22"})
    override = small.directory / "versions_override.tf"
    with proxy("http://127.0.0.1:8776") as weather:
        override.write_text(OVERRIDE.format(url=weather.url))
        with small.applying(1) as process:
            weather.storm = True
            assert process.wait(timeout=300) == 1
        assert weather.lost
        weather.storm = False
        small.run("apply")
        assert small.plan()["verdict"]["counts"] == NOTHING
    override.unlink()
    assert box.server("small-w2").status == "ACTIVE"
