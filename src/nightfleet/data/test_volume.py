"""Where volumes lie, by objects as the API server has them."""

from pathlib import Path
from typing import Any, ClassVar

import pytest

from nightfleet.data import volume
from nightfleet.data.volume import lies, located
from nightfleet.errors import Exit, NightfleetError
from nightfleet.home import home
from nightfleet.site import Site, load_site

SHARES = """
cephfs:
  monitors: [10.0.9.1]
  shares:
    team: {path: /volumes/team/6c9f, at: /srv/team, client: team, keyring: k, classes: [gpu]}
"""
HOST = {"key": "kubernetes.io/hostname", "operator": "In", "values": ["rack-g2"]}
BOUND = {"nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [HOST]}]}}}
SERVER = {"server": "10.50.0.20", "share": "/srv/nfs/teams"}
CEPH = {"staticVolume": "true", "rootPath": "/volumes/team/6c9f", "clusterID": "6f1e"}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """The rack with a folder of a CephFS on its GPU nodes."""
    text = (home() / "inventory" / "rack" / "site.yaml").read_text(encoding="utf-8")
    (tmp_path / "site.yaml").write_text(text + SHARES, encoding="utf-8")
    return load_site(tmp_path / "site.yaml")


def csi(driver: str, **attributes: str) -> dict[str, Any]:
    return {"csi": {"driver": driver, "volumeHandle": "v", "volumeAttributes": attributes}}


def first(site: Site, spec: dict[str, Any], **labels: str) -> str | None:
    """Return where a volume lies."""
    place = next(lies({"metadata": {"name": "v", "labels": labels}, "spec": spec}, site), None)
    return str(place) if place else None


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        pytest.param(
            {"nfs": {"server": "10.50.0.20", "path": "/srv/nfs/models"}},
            "rack-store:/srv/nfs/models",
            id="nfs",
        ),
        pytest.param(
            csi("nfs.csi.k8s.io", **SERVER, subDir="a/claim"),
            "rack-store:/srv/nfs/teams/a/claim",
            id="claimed",
        ),
        pytest.param(csi("nfs.csi.k8s.io", **SERVER), "rack-store:/srv/nfs/teams", id="whole-share"),
        pytest.param({"local": {"path": "/scratch/x"}, **BOUND}, "rack-g2:/scratch/x", id="local"),
        pytest.param({"hostPath": {"path": "/scratch/x"}, **BOUND}, "rack-g2:/scratch/x", id="host-path"),
        pytest.param(csi("cephfs.csi.ceph.com", **CEPH), "rack-g1:/srv/team", id="cephfs"),
    ],
)
def test_a_volume_lies_where_its_object_says(site: Site, spec: dict[str, Any], place: str) -> None:
    assert first(site, spec) == place


def test_a_share_that_nodes_mount_lies_on_the_first_of_them(site: Site) -> None:
    assert (
        first(site, {"hostPath": {"path": "/srv/team"}}, **{"nightfleet/share": "team"})
        == "rack-g1:/srv/team"
    )


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"nfs": {"server": "filer.example.org", "path": "/x"}}, id="a-foreign-server"),
        pytest.param(csi("nfs.csi.k8s.io", **SERVER, subDir="${pvc.metadata.name}"), id="a-pattern"),
        pytest.param({"hostPath": {"path": "/scratch/x"}}, id="any-node"),
        pytest.param(csi("cephfs.csi.ceph.com", subvolumeName="csi-vol-1"), id="a-subvolume"),
        pytest.param(csi("ebs.csi.aws.com"), id="another-driver"),
    ],
)
def test_what_lies_elsewhere_has_no_place(site: Site, spec: dict[str, Any]) -> None:
    assert first(site, spec) is None


class Cluster:
    """The objects of a cluster, by their paths."""

    objects: ClassVar[dict[str, Any]] = {
        "/api/v1/namespaces/a/persistentvolumeclaims/data": {"spec": {"volumeName": "v"}},
        "/api/v1/namespaces/a/persistentvolumeclaims/late": {"spec": {}},
        "/api/v1/persistentvolumes/v": {
            "metadata": {"name": "v"},
            "spec": {"nfs": {"server": "10.50.0.20", "path": "/srv/x"}},
        },
        "/api/v1/persistentvolumes/other": {"metadata": {"name": "other"}, "spec": csi("ebs.csi.aws.com")},
    }

    @classmethod
    def of(cls, _site: Site) -> "Cluster":
        return cls()

    def find(self, path: str) -> Any:
        return self.objects.get(path)


@pytest.mark.parametrize("word", ["pv:v", "pvc:a/data", "rack-store:/srv/x"])
def test_a_volume_is_found_by_its_name_or_its_claim(
    site: Site, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    monkeypatch.setattr(volume, "Api", Cluster)
    assert str(located(word, site)) == "rack-store:/srv/x"


@pytest.mark.parametrize("word", ["pv:none", "pv:other", "pvc:a/none", "pvc:a/late", "pvc:data", "pv:"])
def test_what_cannot_be_found_is_refused_with_the_way_that_is_left(
    site: Site, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    monkeypatch.setattr(volume, "Api", Cluster)
    with pytest.raises(NightfleetError) as caught:
        located(word, site)
    assert caught.value.exit_code is Exit.USAGE
    assert "NODE:PATH" in caught.value.hint
