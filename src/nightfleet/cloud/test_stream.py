"""Claims about Terraform's lines, on lines that it wrote."""

from nightfleet.cloud.stream import Line, Said, faults, hint_for, read_line

STARTED = (
    '{"@level":"info","@message":"x: Creating...","@module":"terraform.ui","type":"apply_start",'
    '"hook":{"resource":{"addr":"module.nodes.openstack_compute_instance_v2.node[\\"os-w1\\"]",'
    '"resource_type":"openstack_compute_instance_v2"},"action":"create"}}'
)
DONE = STARTED.replace("apply_start", "apply_complete").replace(
    '"action":"create"', '"action":"create","id_key":"id","id_value":"7","elapsed_seconds":12'
)
ERROR = (
    '{"@level":"error","type":"diagnostic","diagnostic":{"severity":"error","summary":"Error creating volume"'
    ',"detail":"Quota exceeded\\n for volumes","address":"openstack_blockstorage_volume_v3.data"}}'
)


def test_a_resource_that_begins_and_ends_is_told_with_its_seconds() -> None:
    address = 'module.nodes.openstack_compute_instance_v2.node["os-w1"]'
    assert read_line(STARTED) == Line(Said.STARTED, address, "create")
    assert read_line(DONE) == Line(Said.DONE, address, "create", 12.0)


def test_an_error_is_one_line_with_its_resource_and_the_way_out() -> None:
    line = read_line(ERROR)
    assert line
    words = faults([line, line])
    assert words == (
        "openstack_blockstorage_volume_v3.data: Error creating volume: Quota exceeded for volumes",
    )
    assert "nightfleet cloud doctor" in hint_for(words)


def test_warnings_and_what_is_no_json_are_no_news() -> None:
    assert read_line(ERROR.replace('"severity":"error"', '"severity":"warning"')) is None
    assert read_line("Error: no JSON") is None
    assert read_line('{"type":"version","terraform":"1.11.4"}') is None
    assert read_line("[]") is None
