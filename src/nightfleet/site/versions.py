"""Are a site's versions in the version lock? The lock is handed in: the site model imports nobody.

An artifact that the lock does not have at all is a warning: it can be added before it is needed.
"""

from collections.abc import Collection, Iterator, Mapping

from nightfleet.site.checks.cluster import numbers
from nightfleet.site.faults import At, Fault, SiteError
from nightfleet.site.model import Site
from nightfleet.site.network import Cni

ONLY_CILIUM = ("helm", "cilium_chart")
Known = Mapping[str, Collection[str]]  # artifact of versions.yaml -> its versions

NAMES = {  # key under `artifacts` -> artifacts of the lock that it stands for
    "kubernetes": ("kubelet", "kubeadm", "kubectl"),
    "containerd": ("containerd",),
    "runc": ("runc",),
    "cni_plugins": ("cni-plugins",),
    "helm": ("helm",),
    "cilium_chart": ("cilium-chart",),
}


def check_versions(site: Site, known: Known) -> None:
    """Raise SiteError when the site asks for versions that the lock does not have."""
    if faults := [site.located(fault) for fault in unlocked(site, known)]:
        raise SiteError(site.path, faults)


def unlocked(site: Site, known: Known) -> Iterator[Fault]:
    """Yield a fault for every version that is not locked, with the nearest that is."""
    for key, version, at in asked(site):
        missing = [name for name in NAMES[key] if name in known and version not in known[name]]
        if missing:
            locked = known[missing[0]]
            choice = ", ".join(sorted(locked, key=numbers, reverse=True))
            hint = f"take {closest(version, locked)} (locked: {choice}), or add {version} with its sha256"
            what = f"{' and '.join(missing)} {version} {'are' if missing[1:] else 'is'} not in versions.yaml"
            yield Fault(what, at, hint)


def unlisted(site: Site, known: Known) -> Iterator[Fault]:
    """Yield a warning for every artifact that the lock does not have in any version."""
    for key, version, at in asked(site):
        for name in NAMES[key]:
            if name not in known:
                what = f"{name} {version} is not in versions.yaml yet"
                yield Fault(what, at, "add it with its sha256 before you converge")


def asked(site: Site) -> Iterator[tuple[str, str, At]]:
    """Yield every version of the site with its key and place."""
    for key in NAMES:
        if key in ONLY_CILIUM and site.network.cni is not Cni.CILIUM:
            continue
        yield key, str(getattr(site.artifacts, key)), ("artifacts", key)
    for name, entry in site.nodes.items():
        if entry.kubernetes:
            yield "kubernetes", entry.kubernetes, ("nodes", name, "kubernetes")


def closest(version: str, locked: Collection[str]) -> str | None:
    """Return the locked version with the least distance in major, then minor, then patch."""
    wanted = numbers(version)
    return min(
        locked,
        key=lambda each: [abs(a - b) for a, b in zip(numbers(each), wanted, strict=False)],
        default=None,
    )
