# Words for moving a live node's images and pods onto filesystems of their own. Each may be called again after
# having been killed anywhere; nothing is removed before the node works from its new filesystems.
set -eu
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
state=/var/lib/nightfleet/moving
at=/run/nightfleet/moving
no() { printf 'nightfleet refuses: %s\n' "$*" >&2; exit 3; }
below() { # FOLDER: what is mounted below it, the deepest first
  sed -n "s|^[^ ]* \($1/[^ ]*\) .*|\1|p" /proc/self/mounts | sort -r
}
count() { # FOLDER: entries, and bytes of files, on this filesystem
  find "$1" -xdev -mindepth 1 ! -path "$1/lost+found" -printf '%y %s\n' |
    awk '{ n++; if ($1 == "f") b += $2 } END { printf "%d entries, %.0f bytes\n", n, b }'
}
alone() { # whoever was killed at the operator's side may still have a script at work here: wait for its end
  exec 9>/run/nightfleet-disks.lock && flock --wait 7200 9
}
look() {
  [ ! -d $state ] || echo held
  [ ! -e /etc/kubernetes/kubelet.conf ] || echo member
  for tool in sfdisk mkfs.xfs mkfs.ext4; do command -v $tool >/dev/null || echo "lacks $tool"; done
  for mark in "$state"/aside-*; do [ ! -e "$mark" ] || echo aside; done
  for folder in /var/lib/containerd /var/lib/kubelet /var/log/pods; do
    [ ! -e $folder.nightfleet-old ] || echo "old $folder.nightfleet-old"
    mountpoint -q $folder || [ ! -d $folder ] || echo "used $(du -sx --block-size=1 $folder | cut -f1) $folder"
  done
}
held() { # kubelet and containerd stop, and do not start before `released`, not even after a power cut
  mkdir -p $state
  for service in kubelet containerd; do
    mkdir -p /etc/systemd/system/$service.service.d
    printf '[Unit]\nConditionPathExists=!%s\n' $state >/etc/systemd/system/$service.service.d/nightfleet-moving.conf
  done
  sync -f /etc/systemd/system $state
  systemctl daemon-reload
  systemctl stop kubelet.service 2>/dev/null || true
  if command -v ctr >/dev/null && systemctl --quiet is-active containerd.service; then
    for task in $(ctr --connect-timeout 10s --namespace k8s.io tasks list --quiet 2>/dev/null); do
      ctr --namespace k8s.io tasks kill --signal KILL --all "$task" 2>/dev/null || true
    done
  fi
  systemctl stop containerd.service 2>/dev/null || true
  for shim in $(pgrep -f '^/usr/local/bin/containerd-shim-runc-v2 '); do
    xargs -r kill -KILL <"/proc/$shim/task/$shim/children" 2>/dev/null || true
    kill -KILL "$shim" 2>/dev/null || true
  done
  systemctl stop kubepods.slice 2>/dev/null || true
  for folder in /run/containerd /var/lib/containerd /var/lib/kubelet; do
    below $folder | while read -r point; do umount "$point" 2>/dev/null || umount -l "$point"; done
  done
}
copied() { # PURPOSE FOLDER WHAT TYPE OPTIONS PULL: the same content on the new filesystem, compared
  { [ ! -e $state/copied-"$1" ] && ! mountpoint -q "$2"; } || return 0
  mkdir -p $at
  ! mountpoint -q $at || umount $at
  mount -t "$4" -o "$5" "$3" $at
  if [ ! -e $state/begun-"$1" ]; then
    if find $at -mindepth 1 -maxdepth 1 ! -name lost+found ! -name nightfleet-log-pods | grep -q .; then
      umount $at
      no "the new filesystem for $1 holds files already; look into $3"
    fi
    printf '%s\n' "$4 $5 $3" >$state/begun-"$1" # for `emptied`
    sync
  fi
  find $at -mindepth 1 -maxdepth 1 ! -name lost+found -exec rm -rf {} + # what a killed copy left
  if [ "$6" != pull ] && [ -d "$2" ]; then
    cp -a --one-file-system "$2/." $at/
    [ "$(count "$2")" = "$(count $at)" ] || { umount $at; no "the copy of $2 differs from it"; }
  fi
  if [ "$1" = nodefs ]; then
    mkdir -p $at/nightfleet-log-pods
    [ ! -d /var/log/pods ] || cp -a --one-file-system /var/log/pods/. $at/nightfleet-log-pods/
  fi
  umount $at
  : >$state/copied-"$1"
  sync
}
emptied() { # the copies go, so that a later move finds the new filesystems as they were made
  for mark in "$state"/aside-* /var/lib/*.nightfleet-old /var/log/*.nightfleet-old; do
    [ ! -e "$mark" ] || no "${mark##*/} is there: the old folders have made room already"
  done
  for mark in "$state"/begun-*; do
    [ -s "$mark" ] || continue
    read -r type options what <"$mark"
    mkdir -p $at
    ! mountpoint -q $at || umount $at
    # a broken disk is no reason to keep the node down
    if mount -t "$type" -o "$options" "$what" $at; then
      find $at -mindepth 1 -maxdepth 1 ! -name lost+found -exec rm -rf {} + || true
      umount $at
    fi
  done
}
aside() { # PURPOSE FOLDER...: the old folder makes room for the mount
  [ -e $state/copied-"$1" ] || return 0
  purpose=$1
  shift
  for folder; do
    if ! mountpoint -q "$folder" && [ -d "$folder" ] && [ ! -e "$folder.nightfleet-old" ]; then
      mv -T "$folder" "$folder.nightfleet-old"
    fi
  done
  : >$state/aside-"$purpose"
  sync
}
released() { # both start again
  rm -f /etc/systemd/system/kubelet.service.d/nightfleet-moving.conf /etc/systemd/system/containerd.service.d/nightfleet-moving.conf
  rmdir /etc/systemd/system/kubelet.service.d /etc/systemd/system/containerd.service.d 2>/dev/null || true
  rm -rf $state
  systemctl daemon-reload
  for service in containerd kubelet; do
    ! systemctl cat $service.service >/dev/null 2>&1 || systemctl start $service.service
  done
}
tidied() { # what was moved goes, now that the node works without it
  for folder in /var/lib/containerd /var/lib/kubelet /var/log/pods; do
    [ -e $folder.nightfleet-old ] || continue
    mountpoint -q $folder || no "$folder is no mount; $folder.nightfleet-old is kept"
    rm -rf --one-file-system $folder.nightfleet-old
  done
}
