"""cephfs_client, taken back: shares are unmounted, keys removed; what lies in them stays in Ceph."""

from deploys.cephfs_client.plan import MARK, TEMPLATES
from deploys.hostops import take_back


def undo() -> None:
    """Unmount all shares and forget them; packages go with all others (base)."""
    script = "\n".join((TEMPLATES / name).read_text(encoding="utf-8") for name in ("forget.sh", "undo.sh"))
    traces = (MARK.rpartition("/")[0],)
    take_back(name="Take back CephFS mounts", traces=traces, script=script)
