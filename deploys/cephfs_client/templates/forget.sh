# Unmount shares and remove their units; one that is in use stays, and says so.
forget() { # AUTOMOUNT
  mount="${1%.automount}.mount"
  at=$(sed -n 's/^Where=//p' "/etc/systemd/system/$1")
  systemctl stop "$mount" 2>/dev/null
  if grep " $at " /proc/self/mounts | grep -qv ' autofs '; then
    echo "$at is in use, and stays mounted; fuser -vm $at says by whom" >&2
    return 1
  fi
  systemctl disable --quiet --now "$1" 2>/dev/null
  rm -f "/etc/systemd/system/$1" "/etc/systemd/system/$mount"
  rmdir "$at" 2>/dev/null || true
}
