"""base, taken back: packages, names, clock, kernel settings, the account; last of all the record itself."""

from deploys.base.plan import MODULES, SYSCTLS, TEMPLATES
from deploys.hostops import File, site, take_back
from deploys.hostops.machine import RECORD, TOUCHED
from deploys.hostops.packages import OURS

TRACES = (*TOUCHED, RECORD, OURS)


def undo() -> None:
    """Give the machine back as it was; without a record, packages and settings stay as they are."""
    base = site().base
    script = File.from_template(
        "undo.sh",
        TEMPLATES / "undo.sh.j2",
        account=base.account,
        lock_timeout=base.apt_lock_timeout,
        modules=sorted({*MODULES, *base.modules}),
        sysctls=sorted({**SYSCTLS, **base.sysctls}),
    )
    take_back(name="Take back packages, settings and the account", traces=TRACES, script=script.content)
