"""pv:NAME and pvc:NAMESPACE/NAME: where on which node the contents of a volume of Kubernetes lie."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from nightfleet.cluster.api import Api, Object
from nightfleet.data.place import Place
from nightfleet.errors import Exit, NightfleetError
from nightfleet.site import Site

VOLUME = re.compile(r"(pv:|pvc:(?P<namespace>[a-z0-9-]+)/)(?P<name>[a-z0-9.-]+)")
SHARE = "nightfleet/share"  # label of the volumes that cephfs_client offers
NFS, CEPHFS = "nfs.csi.k8s.io", "cephfs.csi.ceph.com"


def located(word: str, site: Site) -> Place:
    """Read NODE:PATH, or ask the cluster where a volume lies. NightfleetError (exit 2) if nobody can say."""
    said = VOLUME.fullmatch(word)
    if said is None:
        return Place.parse(word, site)
    api, name = Api.of(site), said["name"]
    if said["namespace"]:
        held = found(api, f"/api/v1/namespaces/{said['namespace']}/persistentvolumeclaims/{name}", word)
        name = held["spec"].get("volumeName", "")
        if not name:
            raise no_place(word, "this claim has no volume yet")
    place = next(lies(found(api, f"/api/v1/persistentvolumes/{name}", word), site), None)
    if place is None:
        raise no_place(word, "on which node and where it lies is not in the volume")
    return place


def found(api: Api, path: str, word: str) -> Object:
    """Return an object of the cluster. NightfleetError (exit 2) when there is none."""
    item = api.find(path)
    if item is None:
        raise no_place(word, "the cluster has none of this name")
    return item


def no_place(word: str, why: str) -> NightfleetError:
    """Return the refusal of a volume, with the way that is left."""
    hint = "name the folder where its contents lie: NODE:PATH"
    return NightfleetError(f"{why}: {word}", hint=hint, exit_code=Exit.USAGE)


def lies(volume: Object, site: Site) -> Iterator[Place]:
    """Yield the places of a PersistentVolume; none where it is of another kind or elsewhere. Pure."""
    spec = volume["spec"]
    csi = spec.get("csi", {})
    said = {key.lower(): value for key, value in csi.get("volumeAttributes", {}).items()}
    if nfs := spec.get("nfs"):
        yield from served(site, nfs["server"], nfs["path"])
    elif csi.get("driver") == NFS and "${" not in said.get("subdir", ""):
        path = PurePosixPath(said.get("share", "/"), said.get("subdir", "").lstrip("/"))
        yield from served(site, said.get("server", ""), str(path))
    elif csi.get("driver") == CEPHFS and said.get("staticvolume") == "true":
        for node in site.fleet:
            folders = site.cephfs.of_class(node.class_name).values()
            yield from (Place(node.name, one.at) for one in folders if one.path == said.get("rootpath"))
    elif disk := spec.get("local") or spec.get("hostPath"):
        yield from (Place(name, disk["path"]) for name in holders(volume, site))


def served(site: Site, server: str, path: str) -> Iterator[Place]:
    """Yield the node of the site that serves."""
    for node in site.fleet:
        if server in (node.name, str(node.address)):
            yield Place(node.name, path)


def holders(volume: Object, site: Site) -> Iterator[str]:
    """Yield the nodes that have what a volume calls a path: a share of ours, or what is bound to one."""
    share = site.cephfs.shares.get(volume["metadata"].get("labels", {}).get(SHARE, ""))
    if share:
        yield from (one.name for one in site.fleet if share in site.cephfs.of_class(one.class_name).values())
        return
    required = volume["spec"].get("nodeAffinity", {}).get("required", {}).get("nodeSelectorTerms", [])
    names = [
        value
        for term in required
        for rule in term.get("matchExpressions", [])
        if rule["key"] == "kubernetes.io/hostname" and rule["operator"] == "In"
        for value in rule["values"]
    ]
    if len(names) == 1:
        yield from (node.name for node in site.fleet if node.name == names[0])
