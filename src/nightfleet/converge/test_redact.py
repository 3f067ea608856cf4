import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightfleet.converge.redact import HIDDEN, Redactor, hide, hide_lines

TOKEN = "abcdef.0123456789abcdef"
CERTIFICATE_KEY = "f8902e114ef118304e561c3ecd4d0b543adc226b7a07f675f56564185ffe0c07"
BODY = ["b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW", "QyNTUxOQAAACDl9b3Yq8kQ=="]
KEY = ["-----BEGIN OPENSSH PRIVATE KEY-----", *BODY, "-----END OPENSSH PRIVATE KEY-----"]


@pytest.mark.parametrize(
    "line",
    [
        f"kubeadm join 10.77.0.11:6443 --token {TOKEN}",
        f"--control-plane --certificate-key {CERTIFICATE_KEY}",
        f"token: {'x' * 40}",
        f"    client-key-data: {'LS0t' * 20}",
    ],
    ids=["kubeadm token", "certificate key", "bearer token", "kubeconfig key"],
)
def test_a_secret_on_one_line_is_hidden_and_the_line_stays_readable(line: str) -> None:
    hidden = hide(line)
    assert HIDDEN in hidden
    assert not any(
        secret in hidden for secret in ("0123456789abcdef", CERTIFICATE_KEY, "x" * 40, "LS0t" * 20)
    )
    assert hidden.split()[0] == line.split()[0]


@pytest.mark.parametrize(
    "line",
    [
        f"--discovery-token-ca-cert-hash sha256:{CERTIFICATE_KEY}",
        f"GET http://10.77.0.1:8477/{CERTIFICATE_KEY}/runc",
        "/opt/nightfleet/containerd/2.3.1-0123abcd/bin/containerd: not found",
        "lab-w1 changed in 12.345678 s",
    ],
)
def test_what_is_public_stays(line: str) -> None:
    assert hide(line) == line


def test_a_private_key_disappears_wherever_it_begins_and_ends() -> None:
    lines = hide_lines(["before", "key: " + KEY[0], *KEY[1:], "after"])
    assert lines == ("before", "key: " + HIDDEN, HIDDEN, HIDDEN, HIDDEN, "after")


def test_a_private_key_within_one_string_disappears() -> None:
    (text,) = hide_lines(["\n".join(["echo", *KEY, "done"])])
    assert text.split("\n")[0] == "echo"
    assert text.split("\n")[-1] == "done"
    assert not any(part in text for part in BODY)


def test_a_key_whose_beginning_was_cut_off_is_hidden_too() -> None:
    assert hide(BODY[0]) == HIDDEN


def test_the_log_goes_on_when_a_key_never_ends() -> None:
    redactor = Redactor()
    lines = [redactor.line(line) for line in [KEY[0], *["x"] * 300, "the end"]]
    assert lines[1] == HIDDEN
    assert lines[-1] == "the end"


@given(st.text(), st.text())
def test_a_token_is_hidden_in_any_company(before: str, after: str) -> None:
    assert TOKEN not in hide(f"{before} {TOKEN} {after}")
