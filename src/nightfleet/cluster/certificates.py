"""Certificates on the nodes: what each is for, and until when it is good. Reading is pure.

Only certificates travel, never keys: the script cuts them out of files that hold both.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from nightfleet.cluster.ssh import Shell

ASK = r"""
cut() { sed -n '/^-----BEGIN CERTIFICATE/,/^-----END CERTIFICATE/p'; }
for f in /etc/kubernetes/pki/*.crt /etc/kubernetes/pki/etcd/*.crt /var/lib/kubelet/pki/kubelet.crt \
  /var/lib/kubelet/pki/kubelet-client-current.pem /var/lib/kubelet/pki/kubelet-server-current.pem; do
  [ ! -f "$f" ] || { echo "cert=$f"; cut <"$f"; }
done
for f in /etc/kubernetes/*.conf; do
  [ ! -f "$f" ] || ! grep -q client-certificate-data "$f" || {
    echo "cert=$f"; sed -n 's/^ *client-certificate-data: //p' "$f" | head -n1 | base64 -d | cut
  }
done
true
"""
AUTHORITIES = (
    "/etc/kubernetes/pki/ca.crt",
    "/etc/kubernetes/pki/etcd/ca.crt",
    "/etc/kubernetes/pki/front-proxy-ca.crt",
)


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate of a node, in the file where it lies."""

    path: str
    ends: datetime

    @property
    def by_kubeadm(self) -> bool:
        """Whether `kubeadm certs renew all` makes it anew: no authority, nor what kubelet renews itself."""
        kubelet = self.path.startswith("/var/lib/kubelet/") or self.path.endswith("/kubelet.conf")
        return self.path not in AUTHORITIES and not kubelet

    def days(self, now: datetime) -> int:
        """Return how many whole days are left; negative when it has ended."""
        return (self.ends - now).days


def read_certificates(output: str) -> tuple[Certificate, ...]:
    """Read the answer to ASK; the first of a chain counts. ValueError for what is no certificate."""
    found = []
    for part in output.split("cert=")[1:]:
        path, _, pem = part.partition("\n")
        if pem.strip():
            found.append(
                Certificate(path, x509.load_pem_x509_certificates(pem.encode())[0].not_valid_after_utc)
            )
    return tuple(found)


def certificates(shell: Shell, names: Iterable[str]) -> Mapping[str, tuple[Certificate, ...] | str]:
    """Ask nodes for their certificates; a text is why one could not be asked."""
    return {name: _read(said.code, said.out, said.why) for name, said in shell.each(names, ASK).items()}


def _read(code: int, out: str, why: str) -> tuple[Certificate, ...] | str:
    try:
        return read_certificates(out) if code == 0 else why
    except ValueError as error:
        return f"no certificate: {error}"


def first_to_end(found: Iterable[Certificate]) -> Certificate | None:
    """Return the certificate that ends first."""
    return min(found, key=lambda one: one.ends, default=None)
