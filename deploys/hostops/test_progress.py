from pyinfra.api.command import FileUploadCommand, FunctionCommand, StringCommand

from deploys.hostops.progress import LONGEST_LINE, SHOWN_LINES, describe, shorten


def test_a_long_script_keeps_both_ends() -> None:
    script = "\n".join(f"line {number}" for number in range(100))
    shown = shorten(script).splitlines()
    assert shown[0] == "line 0"
    assert shown[-1] == "line 99"
    assert shown[SHOWN_LINES] == f"... {100 - 2 * SHOWN_LINES} more lines ..."


def test_a_short_script_is_shown_whole_and_a_long_line_in_part() -> None:
    assert shorten("a\nb") == "a\nb"
    assert len(shorten("x" * 10_000)) < LONGEST_LINE + 10


def test_what_may_hold_secrets_is_named_and_not_shown() -> None:
    def save(token: str) -> None:
        raise NotImplementedError(token)

    assert describe(FunctionCommand(save, ("abcdef.0123456789abcdef",), {})) == "python function save"
    assert describe(FileUploadCommand("secret.key", "/etc/key")) == "upload secret.key to /etc/key"
    assert describe(StringCommand("echo", "hello")) == "echo hello"
