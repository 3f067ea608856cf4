"""The script that moves a live node's images and pods, on real filesystems, in a corner of this machine.

No host is booted: the folders of a node are those of a private mount and process namespace, and systemctl
only writes down what it is asked. Each call begins with nothing mounted, as after a power cut.
"""

import os
import shlex
import signal
import subprocess
from pathlib import Path

import pytest

from nightfleet.disks.found import GIB
from nightfleet.disks.volume import Volume
from nightfleet.diskwork.move import Step, read_here, script
from nightfleet.diskwork.moving import WORDS
from nightfleet.site.disks import Purpose

FOLDERS = {"var-lib": "/var/lib", "var-log": "/var/log", "systemd": "/etc/systemd/system"}
SYSTEMCTL = '#!/bin/sh\necho "$*" >>/var/log/systemctl\ncase "$*" in *is-active*) exit 3 ;; esac\n'
WORK = """
cd /var/lib && mkdir -p containerd/snapshots kubelet/pods/a /var/log/pods/n_a
head -c 60M /dev/urandom >containerd/blob && ln containerd/blob containerd/snapshots/blob
ln -s blob containerd/link && mknod containerd/snapshots/whiteout c 0 0
chmod 700 kubelet/pods/a && echo config >kubelet/config.yaml && echo log >/var/log/pods/n_a/0.log
"""
LOOK = r"""
cd /var/lib && find containerd kubelet -xdev ! -path containerd ! -path kubelet ! -name lost+found \
  ! -path '*nightfleet-log-pods*' -printf '%y %m %u %n %l %p\n' | sort
find containerd kubelet -xdev -type f ! -path '*nightfleet-log-pods*' -exec sha256sum {} + | sort
cat /var/log/pods/n_a/0.log
"""
MOUNT = """
mkdir -p /var/lib/containerd /var/lib/kubelet /var/log/pods
mount -o loop /srv-imagefs /var/lib/containerd; mount -o loop /srv-nodefs /var/lib/kubelet
mount --bind /var/lib/kubelet/nightfleet-log-pods /var/log/pods
"""


class Node:
    """A node that is made of folders."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in (*FOLDERS, "etc"):
            (folder / name).mkdir()
        (folder / "systemctl").write_text(SYSTEMCTL)
        (folder / "systemctl").chmod(0o755)
        self.volumes = tuple(self._volume(purpose) for purpose in (Purpose.IMAGEFS, Purpose.NODEFS))

    def _volume(self, purpose: Purpose) -> Volume:
        image = self.folder / f"{purpose}.img"
        with image.open("wb") as file:
            file.truncate(GIB)
        subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
        return Volume(purpose, "ext4", "", GIB, "file", str(image))

    def run(self, text: str, seconds: float = 60) -> "subprocess.CompletedProcess[str]":
        """Run a script where only this node's folders are to be seen; kill it and its children in time."""
        binds = [f"mount --bind {self.folder / name} {path}" for name, path in FOLDERS.items()]
        binds += [f"mount --bind {self.folder / 'systemctl'} /usr/bin/systemctl", "mount -t tmpfs tmpfs /run"]
        whole = "\n".join(["set -e", *binds, text])
        words = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", whole]
        with subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        ) as child:
            try:
                out, err = child.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                out, err = child.communicate()
        subprocess.run(["sync"], check=True)
        return subprocess.CompletedProcess(words, child.returncode, out, err)

    def says(self, text: str) -> str:
        done = self.run(text)
        assert done.returncode == 0, f"{done.stdout}{done.stderr}"
        return done.stdout

    def step(self, step: Step, pull: bool = False) -> str:
        return script(WORDS, step, self.volumes, pull)

    def mounted(self, text: str) -> str:
        """Return a script that runs with the new filesystems where they belong."""
        images = {"/srv-imagefs": self.volumes[0].image, "/srv-nodefs": self.volumes[1].image}
        mount = MOUNT
        for name, image in images.items():
            mount = mount.replace(name, shlex.quote(image))
        return f"{mount}\n{text}"


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """Return a node at work, everything on one filesystem."""
    there = Node(tmp_path)
    there.says(WORK)
    return there


def ended_well(node: Node, before: str) -> None:
    """Assert that a move that is carried out from here ends with everything as it was."""
    for step in (Step.HOLD, Step.COPY, Step.ASIDE):
        node.says(node.step(step))
    assert node.says(node.mounted(LOOK)) == before
    node.says(node.mounted(f"{node.step(Step.START)}\n{node.step(Step.TIDY)}"))
    assert node.says(node.mounted(LOOK)) == before
    left = [path.name for path in node.folder.rglob("*.nightfleet-old")]
    assert left == []
    assert not (node.folder / "systemd/kubelet.service.d").exists()


def test_everything_is_on_the_new_filesystems_as_it_was(node: Node) -> None:
    ended_well(node, node.says(LOOK))


def test_nothing_starts_while_a_move_is_under_way(node: Node) -> None:
    node.says(node.step(Step.HOLD))
    condition = (node.folder / "systemd/kubelet.service.d/nightfleet-moving.conf").read_text()
    assert condition == "[Unit]\nConditionPathExists=!/var/lib/nightfleet/moving\n"
    here = read_here(node.says(f"{WORDS}\nlook").splitlines())
    assert here.held
    assert set(here.used) == {"/var/lib/containerd", "/var/lib/kubelet", "/var/log/pods"}


@pytest.mark.parametrize("seconds", [0.02, 0.05, 0.08, 0.12, 0.18, 0.25, 0.4])
@pytest.mark.parametrize("step", [Step.HOLD, Step.COPY, Step.ASIDE], ids=lambda step: step.name.lower())
def test_killed_at_any_moment_the_same_steps_go_on(node: Node, step: Step, seconds: float) -> None:
    before = node.says(LOOK)
    for earlier in [
        one for one in (Step.HOLD, Step.COPY, Step.ASIDE) if list(Step).index(one) < list(Step).index(step)
    ]:
        node.says(node.step(earlier))
    node.run(node.step(step), seconds)
    ended_well(node, before)


def test_a_filesystem_that_holds_files_already_is_not_copied_over(node: Node) -> None:
    image = node.volumes[0].image
    node.says(f"mount -o loop {image} /mnt && echo holiday >/mnt/photo && umount /mnt")
    node.says(node.step(Step.HOLD))
    done = node.run(node.step(Step.COPY))
    assert done.returncode == 3
    assert "holds files already" in done.stderr
    assert node.says(f"mount -o loop {image} /mnt && cat /mnt/photo") == "holiday\n"


def test_a_move_that_is_given_up_leaves_everything_as_it_was_and_may_begin_again(node: Node) -> None:
    before = node.says(LOOK)
    for step in (Step.HOLD, Step.COPY, Step.EMPTY, Step.START):
        node.says(node.step(step))
    assert node.says(LOOK) == before
    assert not (node.folder / "systemd/kubelet.service.d").exists()
    ended_well(node, before)


def test_there_is_no_way_back_once_an_old_folder_has_made_room(node: Node) -> None:
    for step in (Step.HOLD, Step.COPY, Step.ASIDE):
        node.says(node.step(step))
    done = node.run(node.step(Step.EMPTY))
    assert done.returncode == 3
    assert "the old folders have made room already" in done.stderr


def test_old_folders_are_kept_while_the_new_filesystems_are_not_mounted(node: Node) -> None:
    for step in (Step.HOLD, Step.COPY, Step.ASIDE):
        node.says(node.step(step))
    assert node.run(node.step(Step.TIDY)).returncode == 3
    assert (node.folder / "var-lib/containerd.nightfleet-old/blob").exists()


def test_images_can_be_left_behind(node: Node) -> None:
    for step in (Step.HOLD, Step.COPY, Step.ASIDE):
        node.says(node.step(step, pull=True))
    kept = node.says(node.mounted("ls /var/lib/containerd; cat /var/lib/kubelet/config.yaml"))
    assert kept == "lost+found\nconfig\n"
