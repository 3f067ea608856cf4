"""The questions of a no-op converge as an Ansible play: play.yml, and its inventory from deploys' plans."""

import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bench.lab import BenchLab
from bench.measure import BIN, ROOT, Cost, cost
from deploys.base.plan import plan as base_plan
from deploys.containerd.plan import plan as containerd_plan
from deploys.hostops.facts import MACHINE
from deploys.hostops.machine import parse_machine
from deploys.hostops.wanted import File, Install, Link
from deploys.kubernetes.plan import plan as kubernetes_plan
from deploys.network.plan import plan as network_plan
from deploys.registry.plan import plan as registry_plan
from nightfleet.depot.model import load_index
from nightfleet.site import Node, Role

NEEDS = "DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends python3 python3-apt"
PLAY = ROOT / "bench" / "play.yml"
CONFIG = """[defaults]
forks = 50
local_tmp = {folder}/tmp
[ssh_connection]
pipelining = true
control_path_dir = {folder}/cp
ssh_args = -o ControlMaster=auto -o ControlPersist=60s
"""


class Play:
    """The play, ready to run against the lab."""

    def __init__(self, lab: BenchLab) -> None:
        self.folder = lab.folder / "ansible"
        self.folder.mkdir()
        with ThreadPoolExecutor() as pool:  # what Ansible needs on a host, and ours does not
            list(pool.map(lambda node: lab.ask(node.name, NEEDS), lab.site.fleet))
        (self.folder / "inventory.json").write_text(json.dumps(inventory(lab)))
        (self.folder / "ansible.cfg").write_text(CONFIG.format(folder=self.folder))
        said = subprocess.run([BIN / "ansible", "--version"], capture_output=True, text=True, check=True)
        self.version = re.findall(r"core ([\d.]+)", said.stdout)[0]
        wanted = variables(lab, lab.site.fleet[-1])
        self.checks = 8 + sum(len(wanted[key]) for key in ("files", "links", "folders", "units"))

    @property
    def about(self) -> str:
        """Say how it was run."""
        return (
            f"ansible-core {self.version}, forks 50, pipelining, ssh connections kept; {self.checks} module"
            " calls on a worker (copy, file, apt, systemd_service, blockinfile, user, stat, command)"
        )

    def run(self, name: str) -> Cost:
        """Run it; RuntimeError when it changed or failed something."""
        log = self.folder / f"{name}.log"
        argv = [BIN / "ansible-playbook", "-i", self.folder / "inventory.json", PLAY]
        took = cost(argv, log, {"ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"})
        said = log.read_text()
        recap = re.findall(r"^(\S+) +: ok=\d+ +changed=(\d+) +unreachable=0 +failed=0", said, re.MULTILINE)
        if not recap or any(changed != "0" for _, changed in recap):
            raise RuntimeError(f"the play changed something: {recap}\n{said[-3000:]}")
        return took


def inventory(lab: BenchLab) -> dict[str, Any]:
    """Return the hosts in the JSON that Ansible's reader of YAML inventories takes."""
    common = {
        "machine": MACHINE,
        "ansible_user": "root",
        "ansible_python_interpreter": "/usr/bin/python3",
        "ansible_ssh_common_args": f"-F {lab.ssh_config}",
    }
    hosts = {node.name: variables(lab, node) for node in lab.site.fleet}
    first: dict[str, Any] = {lab.site.first_control_plane.name: {}}
    return {"all": {"vars": common, "hosts": hosts, "children": {"first_control_plane": {"hosts": first}}}}


def variables(lab: BenchLab, node: Node) -> dict[str, Any]:
    """Return what one host should have, all its capabilities together."""
    site, index = lab.site, load_index()
    machine = parse_machine(lab.ask(node.name, MACHINE).splitlines())
    base, network = base_plan(site, node), network_plan(site, node)
    containerd = containerd_plan(machine, site, node, index)
    kubernetes = kubernetes_plan(machine, site, node, index)
    installs: list[Install] = [*containerd.installs, *kubernetes.installs]
    files: list[File] = [*base.drop_ins]
    for files_of in (base.files, containerd.files, kubernetes.files, network.files):
        files += files_of
    links: list[Link] = [*base.links, *(link for install in installs for link in install.link_list)]
    units = [*base.units, *containerd.units, *kubernetes.units, *network.units]
    packages = [*base.packages, *kubernetes.packages]
    tags = []
    if node.has(Role.REGISTRY):
        registry = registry_plan(site, index, machine.arch)
        packages += registry.packages
        files += registry.files
        links += registry.masks
        units += registry.units
        tags = [seed.tag.rpartition(":") for seed in registry.seeds]
    return {
        "packages": packages,
        "files": [{"path": one.path, "content": one.content, "mode": f"{one.mode:04o}"} for one in files],
        "links": [{"path": one.path, "target": one.target} for one in links],
        "folders": [install.folder for install in installs],
        "hosts": "\n".join(base.hosts),
        "sysctls": base.sysctls,
        "account": base.account,
        "units": [unit.name for unit in units],
        "images": [{"repository": repository, "tag": tag} for repository, _, tag in tags],
    }
