"""What of a machine's record may differ without anybody's doing, each with its reason. Pure."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Volatile:
    """Facts of one kind whose key matches, and why they prove nothing."""

    kind: str
    pattern: str
    why: str

    def covers(self, kind: str, key: str) -> bool:
        """Tell whether a fact is one of these."""
        return self.kind == kind and re.fullmatch(self.pattern, key) is not None


ACCOUNTS = r"(passwd|group|shadow|gshadow|subuid|subgid)"
ON_DEMAND = "|".join(
    (
        r"systemd-(hostnamed|timedated|localed|tmpfiles-clean|udev-settle|update-done)",
        r"systemd-(journal-catalog-update|random-seed|machine-id-commit|fsck@.*)",
        r"apt-daily(-upgrade)?|apt-news|dpkg-db-backup|e2scrub_(all|reap)|fstrim|logrotate|man-db|motd-news",
        r"packagekit|polkit|ldconfig|user(-runtime-dir)?@\d+|ssh@.*|(serial-)?getty@.*|modprobe@.*",
    )
)
LEFT_OUT = tuple(
    Volatile(kind, pattern, why)
    for why, facts in {
        "the account tools' last copy": [
            ("path", f"/etc/{ACCOUNTS}-"),
            ("content", f"/etc/{ACCOUNTS}-"),
        ],
        "the order of lines; accounts are compared one by one": [("content", r"/etc/(passwd|group)")],
        "written anew by every ldconfig": [("path|content", r"/etc/ld\.so\.cache")],
        "written by the system as it runs": [
            ("path|content", r"/etc/(adjtime|\.updated|\.pwd\.lock|mtab)"),
        ],
        "the same files are compared by their sums": [("kept", r".*")],
        "comes on demand or by a timer, and goes by itself": [
            ("active", f"({ON_DEMAND})\\.service"),
            ("active", r"(network-online|time-sync|time-set|nss-(user-)?lookup|printer|bluetooth)\.target"),
        ],
        "made while something runs": [
            ("unit", r".*\.(scope|device)"),
            ("mount", r"/run/(user|credentials|systemd|netns)(/.*)?"),
            ("listens", r"(tcp|udp) .*:(3[2-9]\d{3}|[4-6]\d{4})"),
        ],
        "the kernel's own, mounted on demand": [("mount", r"/(proc|sys)/.*")],
        "counted by the kernel": [
            ("sysctl", r"kernel/(random/.*|ns_last_pid|pty/nr|sched_.*|hostname|domainname)"),
            ("sysctl", r"fs/(dentry-state|file-nr|inode-.*|quota/.*)"),
            ("sysctl", r"net/netfilter/nf_conntrack_(count|buckets)"),
        ],
        "belongs to whoever logs last": [("sysctl", r"net/netfilter/nf_log/.*")],
        "changes by itself for privacy": [("address", r".* temporary .*")],
        "logs and caches": [
            ("path", r"/var/(cache|log)/(apt|journal|private|unattended-upgrades|man|ldconfig|debconf)"),
        ],
        "of whoever logs in": [("path", r"/root/\.(cache|ssh|local|config)")],
        "of the kernel and the file system": [("path", r"/(lost\+found|run|tmp|proc|sys|dev)")],
    }.items()
    for kinds, pattern in facts
    for kind in kinds.split("|")
)


def why(kind: str, key: str) -> str:
    """Say why a fact proves nothing; "" when it counts."""
    return next((one.why for one in LEFT_OUT if one.covers(kind, key)), "")
