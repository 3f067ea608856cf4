"""Claims about kubeadm's record: tags are the lock's, and nothing else of it changes."""

import yaml

from nightfleet.upgrade.kubeadm_config import with_tags

RECORD = """\
apiServer:
  certSANs: [c1]
dns:
  imageTag: v1.13.1
etcd:
  local:
    dataDir: /var/lib/etcd
kubernetesVersion: v1.35.4
"""


def test_tags_are_written_and_the_rest_stays() -> None:
    before, after = yaml.safe_load(RECORD), yaml.safe_load(with_tags(RECORD, "3.6.8", "v1.14.3"))
    assert after["dns"] == {"imageTag": "v1.14.3"}
    assert after["etcd"] == {"local": {"dataDir": "/var/lib/etcd", "imageTag": "3.6.8"}}
    assert {key: after[key] for key in ("apiServer", "kubernetesVersion")} == {
        key: before[key] for key in ("apiServer", "kubernetesVersion")
    }


def test_tags_that_are_there_leave_the_very_text() -> None:
    once = with_tags(RECORD, "3.6.8", "v1.14.3")
    assert with_tags(once, "3.6.8", "v1.14.3") is once


def test_an_etcd_outside_of_the_cluster_stays_what_it_is() -> None:
    record = "etcd: {external: {endpoints: ['https://10.0.0.9:2379']}}\ndns: {imageTag: v1.14.3}\n"
    assert with_tags(record, "3.6.8", "v1.14.3") is record
