# let_go PLACE...: unmounts, so that the next look mounts anew. One in use stays, and is told with who holds it. Nothing here
# looks into a mount: that could wait for its server for ever.
let_go() {
  for place in "$@"; do
    timeout -k 1 60 systemctl stop "$(systemd-escape --path --suffix=mount "$place")" 2>/dev/null && continue
    grep " $place " "${MOUNTS:-/proc/self/mounts}" | grep -qv " $place autofs " || continue
    echo "$place is mounted otherwise than the site says, and in use; it is held by:" >&2
    find /proc/[0-9]* -maxdepth 2 \( -path '/proc/*/fd/*' -o -path '/proc/*/cwd' \) \
      \( -lname "$place" -o -lname "$place/*" \) 2>/dev/null | cut -d/ -f3 | sort -un | while read -r pid; do
      echo "$(cat "/proc/$pid/comm" 2>/dev/null) ($pid)"
    done >&2
    return 1
  done
}
