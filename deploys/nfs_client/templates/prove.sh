# Arguments: mount points that should be cached; moves is in deploys/cachefilesd. Says in one line each what is not, and fails.
failed=
for place in "$@"; do
  if ! timeout -k 1 40 ls -d "$place/." >/dev/null 2>&1; then
    echo "nightfleet refuses: $place does not answer, so nobody knows whether it is cached; is its server up?" >&2
    failed=yes
    continue
  fi
  device=$(findmnt -n -o MAJ:MIN -t nfs,nfs4 --mountpoint "$place" | tr -d ' ')
  if ! awk -v device="$device" '$4 == device && $NF == "yes" { on = 1 } END { exit !on }' /proc/fs/nfsfs/volumes; then
    others=$(findmnt -r -n -o MAJ:MIN,TARGET -t nfs,nfs4 | awk -v device="$device" -v place="$place" \
      '$1 == device && $2 != place { printf " %s", $2 }')
    echo "nightfleet refuses: $place is not cached (FSC no in /proc/fs/nfsfs/volumes);" \
      "is cachefilesd running? mounts that share its superblock:${others:- none}" >&2
    failed=yes
  elif [ "$(moves "$place")" = unmoved ]; then
    echo "nightfleet refuses: $place is mounted with a cache (FSC yes), and reading a file there went past it: no counter of" \
      "/proc/fs/fscache/stats moved; systemctl status nightfleet-cachefilesd" >&2
    failed=yes
  fi
done
[ -z "$failed" ] || exit 3
