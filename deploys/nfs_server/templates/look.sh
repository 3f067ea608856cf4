# Arguments: paths of exports. A folder that is not there yet will lie on the filesystem of the one above it.
if grep -qw nfsd /proc/filesystems || modprobe -n -q nfsd 2>/dev/null; then echo nfsd; fi
ss -Hltnp 'sport = :2049' 2>/dev/null | sed 's/^/listens /'
for path in "$@"; do
  at=$path there=yes
  while [ ! -d "$at" ]; do at=$(dirname "$at") there=no; done
  findmnt -n -r -o FSTYPE,TARGET,OPTIONS --target "$at" | tail -n 1 | sed "s|^|folder $path $there |"
  [ $there = no ] || xfs_io -r -c lsproj "$path" 2>/dev/null | sed -n "s|^projid = |project $path |p"
done
findmnt -n -r -t xfs -o TARGET,OPTIONS | grep -w prjquota | cut -d' ' -f1 | while read -r at; do
  xfs_quota -x -c 'report -p -n -N -b' "$at" 2>/dev/null | sed -n "s|^#|limit $at |p"
done
true
