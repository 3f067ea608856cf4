# Words for taking back what we did to a machine; what was there before us stays, or comes back.
# Without a record nobody knows what was there: then only what is ours by its name goes.
set -u
export LC_ALL=C DEBIAN_FRONTEND=noninteractive PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
record=/var/lib/nightfleet/fingerprint.txt
tab=$(printf '\t')
has() { command -v "$1" >/dev/null; }
remembered() { [ -s "$record" ]; }
fact() { # KIND KEY: its value in the record
  sed -n "s|^$1$tab$(printf %s "$2" | sed 's/[].[*^$|\\]/\\&/g')$tab||p" "$record" 2>/dev/null | head -n1
}
recorded() { # PATTERN: the record has such a line
  grep -q "$1" "$record" 2>/dev/null
}
was() { # PATH: it was there before us
  ! remembered || grep -qF "path$tab$1$tab" "$record"
}
folder() { # PATH...: an empty folder that we brought goes
  for path in "$@"; do was "$path" || rmdir "$path" 2>/dev/null; done
}
tree() { # PATH...: a folder that we brought goes with all that is in it
  for path in "$@"; do was "$path" || rm -rf --one-file-system "$path"; done
}
emptied() { # PATH...: everything in a folder that was not there before; the folder too, unless it is a mount point
  for path in "$@"; do
    [ -d "$path" ] || continue
    for inside in "$path"/* "$path"/.[!.]*; do
      { [ ! -e "$inside" ] && [ ! -L "$inside" ]; } || { remembered && was "$inside"; } || rm -rf --one-file-system "$inside"
    done
    mountpoint -q "$path" || folder "$path"
    [ ! -d "$path" ] || fact path "$path" | while read -r _ mode owner _; do
      chmod "$mode" "$path" && chown "$owner" "$path" # programs tighten the modes of their folders
    done
  done
}
links() { # PATH...: links into our artifacts
  for path in "$@"; do
    case $(readlink "$path" 2>/dev/null) in /opt/nightfleet/*) rm -f "$path" ;; esac
  done
}
unmounted() { # FOLDER: nothing is mounted below it; what is mounted on it stays
  for _ in 1 2 3; do
    sed -n "s|^[^ ]* \($1/[^ ]*\) .*|\1|p" /proc/self/mounts | sort -r | while read -r point; do
      umount "$point" 2>/dev/null || umount -l "$point"
    done
    grep -q " $1/" /proc/self/mounts || return 0
  done
}
stopped() { # UNIT...: neither running nor enabled
  for unit in "$@"; do
    systemctl disable --quiet --now "$unit" 2>/dev/null
    systemctl reset-failed "$unit" 2>/dev/null
  done
}
setting() { # NAME...: kernel settings as they were; those that the record does not have belong to nobody
  for name in "$@"; do
    file=$(echo "$name" | tr . /)
    [ ! -w "/proc/sys/$file" ] || ! grep -q "^sysctl$tab$file$tab" "$record" 2>/dev/null ||
      [ "$(cat "/proc/sys/$file" 2>/dev/null)" = "$(fact sysctl "$file")" ] ||
      fact sysctl "$file" >"/proc/sys/$file" 2>/dev/null
  done
}
again() { # FILE: a single file as it was
  was "$1" || { rm -f "$1"; return; }
  ! grep -q "^kept$tab$1$tab" "$record" 2>/dev/null || fact kept "$1" | base64 -d >"$1.nightfleet" || return
  [ ! -e "$1.nightfleet" ] || {
    cmp -s "$1" "$1.nightfleet" && rm -f "$1.nightfleet" && return
    fact path "$1" | while read -r _ mode owner _; do
      chmod "$mode" "$1.nightfleet" && chown "$owner" "$1.nightfleet"
    done
    mv -fT "$1.nightfleet" "$1" 2>/dev/null || { cat "$1.nightfleet" >"$1"; rm -f "$1.nightfleet"; }
  }
}
