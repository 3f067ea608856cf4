"""kubeadm's record of the cluster (ConfigMap kube-system/kubeadm-config): image tags as the lock has them.

kubeadm would take the etcd and CoreDNS of its release; `imageTag` tells it otherwise, at the beginning of a
cluster and at each upgrade.
"""

from typing import Any

import yaml

from nightfleet.cluster.api import Api
from nightfleet.depot.model import load_lock

PATH = "/api/v1/namespaces/kube-system/configmaps/kubeadm-config"
KEY = "ClusterConfiguration"


def with_tags(text: str, etcd: str, coredns: str) -> str:
    """Return the record with these tags; the very same text when they are there already. Pure."""
    config: dict[str, Any] = yaml.safe_load(text)
    dns = {**(config.get("dns") or {}), "imageTag": coredns}
    local = {**((config.get("etcd") or {}).get("local") or {}), "imageTag": etcd}
    wanted = {**config, "dns": dns, "etcd": {**(config.get("etcd") or {}), "local": local}}
    if "external" in (config.get("etcd") or {}):
        wanted["etcd"] = config["etcd"]
    return text if wanted == config else str(yaml.safe_dump(wanted, sort_keys=True))


def set_tags(api: Api, kubernetes: str) -> bool:
    """Write the lock's tags for a Kubernetes version; return whether they were others."""
    lock = load_lock()
    before: str = api.get(PATH)["data"][KEY]
    after = with_tags(before, lock.image("etcd", kubernetes).tag, lock.image("coredns", kubernetes).tag)
    if after != before:
        api.patch(PATH, {"data": {KEY: after}})
    return after != before
