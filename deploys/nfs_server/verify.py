"""nfs_server, checked by speaking to it, and by what the running server says that it exports."""

import json
import struct
from collections.abc import Iterator

import pytest
from testinfra.host import Host

from nightfleet.site import Node, Site
from nightfleet.site.disks import amount
from nightfleet.site.shares import Share, served_by

NFS = 100003  # RPC program number
ANSWERED, MISMATCH = 0, 2  # RFC 5531, accept_stat: success, and a version that it does not have
GANESHA = "/org/ganesha/nfsd/ExportMgr org.ganesha.nfsd.exportmgr ShowExports"


def serves(site: Site, node: Node) -> bool:
    """Whether the node exports anything."""
    return bool(served_by(site, node))


def limits(site: Site, node: Node) -> bool:
    """Whether any of its exports has a limit."""
    return any(share.quota for share in served_by(site, node))


pytestmark = pytest.mark.on(when=serves)


def answer(host: Host, node: Node, version: int) -> int:
    """Call the server's procedure that does nothing, over TCP; return how the call was accepted."""
    call = struct.pack(">11I", 0x80000028, 7, 0, 2, NFS, version, 0, 0, 0, 0, 0)
    said = "".join(f"\\x{byte:02x}" for byte in call)
    script = f"exec 3<>/dev/tcp/{node.address}/2049 && printf '{said}' >&3 && head -c 28 <&3 | od -An -v -tx1"
    words = host.check_output("timeout 10 bash -c %s", script).split()
    return struct.unpack(">7I", bytes(int(word, 16) for word in words))[6]


@pytest.mark.within(20)
def test_it_answers_nfs_version_4_on_its_address(host: Host, node: Node) -> None:
    assert answer(host, node, 4) == ANSWERED


@pytest.mark.within(20)
def test_it_does_not_speak_version_3(host: Host, node: Node) -> None:
    assert answer(host, node, 3) == MISMATCH


def exported(host: Host) -> Iterator[str]:
    """Yield the paths that the running server exports, as it says itself."""
    if host.run("systemctl is-active nightfleet-ganesha.service").rc == 0:
        said = json.loads(host.check_output(f"busctl --json=short call org.ganesha.nfsd {GANESHA}"))
        yield from (export[1] for export in said["data"][1])
    else:
        yield from (line.split()[0] for line in host.check_output("exportfs -s").splitlines())


def test_it_exports_what_the_site_says_and_nothing_else_of_ours(host: Host, site: Site, node: Node) -> None:
    wanted = {share.path for share in served_by(site, node)}
    found = {path for path in exported(host) if path != "/"}  # Ganesha's root, which leads to the others
    assert wanted <= found, f"not exported: {', '.join(sorted(wanted - found))}"
    folders = {share.export.path for share in served_by(site, node) if share.export.tenants}
    assert not folders & found, "the folder above tenants is exported: each could see the others"


def test_every_export_is_a_folder(host: Host, site: Site, node: Node) -> None:
    missing = [share.path for share in served_by(site, node) if host.run("test -d %s", share.path).rc != 0]
    assert not missing, f"not there: {', '.join(missing)}"


def test_no_portmapper_is_needed(host: Host) -> None:
    said = host.check_output("ss -Hltn 'sport = :20048 or sport = :875'")
    assert not said, f"mountd or rquotad listen: {said}"


@pytest.mark.on(when=limits)
def test_the_filesystem_keeps_the_limits_of_exports(host: Host, site: Site, node: Node) -> None:
    for share in served_by(site, node):
        if share.quota:
            assert hard_limit(host, share) == amount(share.quota), share.name


def hard_limit(host: Host, share: Share) -> int:
    """Return the most that a folder may hold, in bytes: df sees the limit of an XFS project."""
    said = host.check_output("df --block-size=1 --output=size %s", share.path).split()
    return int(said[-1])
