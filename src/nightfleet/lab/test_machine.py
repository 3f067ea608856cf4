from nightfleet.lab.machine import (
    Interface,
    capabilities,
    memory_available,
    os_release,
    parse_dropping_chains,
    parse_interfaces,
)

ADDRESSES = """[
{"ifname":"lo","address":"00:00:00:00:00:00","linkinfo":{},"addr_info":[
  {"family":"inet","local":"127.0.0.1","prefixlen":8},{"family":"inet6","local":"::1","prefixlen":128}]},
{},
{"ifname":"nf-lab","address":"02:8b:ec:9c:7d:c4","ifalias":"nightfleet lab lab",
 "linkinfo":{"info_kind":"bridge"},"addr_info":[{"family":"inet","local":"10.77.0.1","prefixlen":24}]},
{"ifname":"vb-lab-lab-w1","master":"nf-lab","address":"da:4d:5b:9c:49:7b","linkinfo":{"info_kind":"veth"},
 "addr_info":[]}
]"""


def test_interfaces_are_read_from_ip() -> None:
    assert parse_interfaces(ADDRESSES) == (
        Interface("lo", mac="00:00:00:00:00:00", networks=("127.0.0.0/8",)),
        Interface("nf-lab", "bridge", "02:8b:ec:9c:7d:c4", "nightfleet lab lab", networks=("10.77.0.0/24",)),
        Interface("vb-lab-lab-w1", "veth", "da:4d:5b:9c:49:7b", master="nf-lab"),
    )


def test_capabilities_are_read_from_their_bits() -> None:
    assert "sys_resource" in capabilities("Name:\tbash\nCapEff:\t000001ffffffffff\n")
    limited = capabilities("CapEff:\t000001fffeffffff\n")
    assert "sys_resource" not in limited
    assert "sys_admin" in limited
    assert capabilities("CapEff:\t0000000000000000\n") == frozenset()


def test_memory_is_what_is_available_not_what_is_free() -> None:
    assert memory_available("MemTotal: 24683656 kB\nMemFree: 1 kB\nMemAvailable: 2097152 kB\n") == 2.0


def test_quoted_values_of_os_release_lose_their_quotes() -> None:
    assert os_release('ID=debian\nVERSION_CODENAME="bookworm"\n') == {
        "ID": "debian",
        "VERSION_CODENAME": "bookworm",
    }


def test_only_chains_that_drop_what_is_forwarded_or_comes_in_count() -> None:
    listing = """{"nftables": [{"metainfo": {"version": "1.0.6"}},
{"chain": {"family": "ip", "table": "filter", "name": "FORWARD", "hook": "forward", "policy": "drop"}},
{"chain": {"family": "ip", "table": "filter", "name": "OUTPUT", "hook": "output", "policy": "drop"}},
{"chain": {"family": "ip", "table": "filter", "name": "INPUT", "hook": "input", "policy": "accept"}},
{"chain": {"family": "ip", "table": "filter", "name": "DOCKER-USER"}}]}"""
    assert parse_dropping_chains(listing) == {"ip filter FORWARD"}
