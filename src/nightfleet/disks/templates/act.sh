# Words for laying out disks, after those of words.sh. Each looks once more at what it is about to change, and refuses when that is not
# what the plan saw. Nothing is formatted but what is bare, or what an interrupted format of ours left.
set -eu
# Whoever was killed at the operator's side may still have a script at work here: wait for its end.
exec 9>/run/nightfleet-disks.lock && flock --wait 600 9
no() { printf 'nightfleet refuses: %s\n' "$*" >&2; exit 3; }
settled() { ! command -v udevadm >/dev/null || udevadm settle --timeout=30 || true; }
updated() { # DISK [--nr NUMBER]: the kernel knows its partitions; udev may be reading them anew at the same moment
  for _ in 1 2 3; do
    settled
    ! partx --update "$@" || return 0
  done
  return 1
}
there() { # DEVICE: udev has made it, and is done with it
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    settled
    [ ! -b "$1" ] || return 0
    sleep 1
  done
  no "$1 does not appear"
}
same() { # DISK SIZE SERIAL: it is still the disk that was looked at
  [ "$(blockdev --getsize64 "$1")" = "$2" ] || no "$1 has another size than a moment ago"
  [ "$(lsblk --nodeps --noheadings --output SERIAL "$1" | xargs)" = "$3" ] || no "$1 has another serial than a moment ago"
}
idle() { # DEVICE: nobody uses it
  [ -z "$(ls "/sys/class/block/${1##*/}/holders" 2>/dev/null)" ] || no "$1 is held by $(ls "/sys/class/block/${1##*/}/holders")"
  ! grep -q "^$1 " /proc/self/mounts || no "$1 is mounted"
  ! grep -q "^$1 " /proc/swaps || no "$1 is swap in use"
}
unnamed() { # PARTITION NAME: it is still called so, and was not given out meanwhile
  [ "$(blkid -p -o value -s PART_ENTRY_NAME "$1")" = "$2" ] || no "$1 is not called $2 any more"
}
bare() { # DEVICE: nothing is known to be on it, and nobody uses it
  idle "$1"
  found=$(signatures "$1") || no "$1 cannot be read"
  [ -z "$found" ] || no "$1 has a signature: $(echo "$found" | xargs)"
  [ "$(lsblk --noheadings --list --output NAME "$1" | wc -l)" -eq 1 ] || no "$1 has partitions"
}
blank() { # DISK: bare, and what can be read of it is zero
  bare "$1"
  [ "$(written "$1")" = 0 ] || no "$1 has data without a known form, or cannot be read"
}
mounted_aside() { # DEVICE OPTIONS SCRIPT: runs in the root of the filesystem, where nobody else sees it
  unshare --mount sh -eu -s "$1" "$2" "$3" <<'ASIDE'
point=$(mktemp -d)
mount -o "$2" "$1" "$point"
(cd "$point" && eval "$3")
umount "$point"
rmdir "$point"
ASIDE
}
format() { # DEVICE FILESYSTEM UUID PURPOSE [FORCE]: a new filesystem
  keep= # in a file, a discard would give the room back that was set aside
  [ -b "$1" ] || keep=yes
  case $2 in
    xfs) mkfs.xfs -q ${5:+-f} ${keep:+-K} -m "crc=1,uuid=$3" -n ftype=1 -L "nf-$4" "$1" ;;
    ext4) mkfs.ext4 -q ${5:+-F} ${keep:+-E nodiscard} -m 1 -U "$3" -L "nf-$4" "$1" </dev/null ;;
    swap) mkswap ${5:+--force} --uuid "$3" --label nf-swap "$1" >/dev/null ;;
  esac
  sync
}
unswapped() { # DEVICE or FILE: no swap in use any more; refused by the kernel when memory is short
  ! grep -q "^$1 " /proc/swaps || swapoff "$1"
}
opened_to_all() { # DEVICE PURPOSE: everybody may write to a /tmp
  options=rw
  [ -b "$1" ] || options=loop
  [ "$2" != tmp ] || mounted_aside "$1" $options 'chmod 1777 .'
}
named() { # DISK NUMBER NAME: the partition's name in the table, changed at once
  sfdisk --quiet --no-reread --no-tell-kernel --part-label "$1" "$2" "$3"
  settled
}
opened() { # DISK: forgets all that is on it; only ever called for a disk that a person named by its serial
  for device in $(lsblk --noheadings --list --paths --output NAME "$1" | tac); do
    idle "$device"
    wipefs --quiet --all "$device"
  done
  blkdiscard --quiet "$1" 2>/dev/null || true
  zeroed "$1"
  blockdev --rereadpt "$1" 2>/dev/null || partx --delete "$1" 2>/dev/null || true
  settled
}
