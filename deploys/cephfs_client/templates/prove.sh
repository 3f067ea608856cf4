# Arguments: mount points that should be cached; moves is in deploys/cachefilesd. Says in one line each what is not, and fails.
failed=
for place in "$@"; do
  if [ "$(moves "$place")" = unmoved ]; then
    echo "nightfleet refuses: $place is not cached: reading a file there moved no counter of /proc/fs/fscache/stats;" \
      "is cachefilesd running? systemctl status nightfleet-cachefilesd" >&2
    failed=yes
  fi
done
[ -z "$failed" ] || exit 3
