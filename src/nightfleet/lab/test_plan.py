from pathlib import Path

from nightfleet.home import site_path
from nightfleet.lab.plan import spec_from_site
from nightfleet.site import load_site

VM = """
  vm-1:
    address: 10.77.0.41
    roles: [worker]
    class: mine

classes:
  mine: {kind: vm, swap: keep}
"""


def test_a_vm_on_the_labs_bridge_is_in_the_site_and_is_no_host_of_the_lab(tmp_path: Path) -> None:
    before, _, after = site_path("lab").read_text(encoding="utf-8").partition("\nclasses:")
    _, _, classes = after.partition("\n")
    path = tmp_path / "site.yaml"
    path.write_text(f"{before}{VM}{classes}", encoding="utf-8")
    site = load_site(path)
    hosts = {host.name for host in spec_from_site(site).hosts}
    assert hosts == {node.name for node in site.fleet} - {"vm-1"} != set()
