"""Keys of a bucket, as AWS tools write them."""

import pytest

from nightfleet.errors import Exit, NightfleetError
from nightfleet.site.backup import S3, access

FILE = """\
[default]
aws_access_key_id = AKIDEFAULT
aws_secret_access_key = a%b/c+d=

[team]
aws_access_key_id=AKTEAM
aws_secret_access_key=x
"""


def test_the_profile_chooses_the_keys() -> None:
    assert access(FILE, "default", "f") == ("AKIDEFAULT", "a%b/c+d=")
    assert access(FILE, "team", "f") == ("AKTEAM", "x")


@pytest.mark.parametrize(
    ("text", "profile"),
    [("", "default"), (FILE, "nobody"), ("[default]\naws_access_key_id=A", "default"), ("x", "x")],
)
def test_keys_that_are_not_there_are_told_with_the_form_of_the_file(text: str, profile: str) -> None:
    with pytest.raises(NightfleetError) as error:
        access(text, profile, "/etc/s3-credentials")
    assert error.value.exit_code is Exit.USAGE
    assert error.value.where == "/etc/s3-credentials"
    assert f"[{profile}]" in error.value.hint


def test_the_address_of_a_bucket_is_its_path() -> None:
    assert S3(endpoint="https://s3.example.org/", bucket="night").url == "https://s3.example.org/night"
