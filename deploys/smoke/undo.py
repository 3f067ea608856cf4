"""smoke, taken back: it lives in the cluster alone, and leaves nothing on a host."""


def undo() -> None:
    """Nothing to do on a host: the proof's pods went with the drain."""
