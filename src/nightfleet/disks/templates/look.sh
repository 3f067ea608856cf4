# Print what a machine's disks are and hold: `== section` lines, each followed by what a program said.
# Reads only. Arguments of the shell: folders for image files; everything else is asked of every machine.
# Begins with words.sh. The last section is `== end`: an answer without it was cut off, and means nothing.
set -u
has() { command -v "$1" >/dev/null; }
inside() { # DEVICE: what a filesystem of ours that was never given out holds; it is never written to
  unshare --mount sh -s "$1" <<'ASIDE'
point=$(mktemp -d) || exit
mount -o ro,norecovery "$1" "$point" 2>/dev/null || mount -o ro,noload "$1" "$point" 2>/dev/null ||
  { echo unmountable; rmdir "$point"; exit; }
find "$point" -mindepth 1 -maxdepth 1 ! -name lost+found ! -name nightfleet-log-pods | grep -q . && echo files || echo empty
umount "$point"
rmdir "$point"
ASIDE
}

echo "== lsblk"
lsblk --json --bytes --paths --output NAME,KNAME,TYPE,SIZE,SERIAL,MODEL,TRAN,ROTA,RO,RM,WWN,MAJ:MIN,FSTYPE,LABEL,UUID
echo "== names"
find /dev/disk/by-id /dev/disk/by-path -type l 2>/dev/null | while read -r link; do
  echo "${link##*/} $(readlink -f "$link")"
done
for path in /sys/class/block/*; do
  name=/dev/$(echo "${path##*/}" | tr ! /)
  case $name in /dev/ram* | /dev/zram* | /dev/fd* | /dev/sr*) continue ;; esac
  [ -b "$name" ] && [ "$(cat "$path/size")" -gt 0 ] || continue
  for holder in "$path"/holders/*; do [ ! -e "$holder" ] || printf '== holder %s\n%s\n' "$name" "${holder##*/}"; done
  case $name in /dev/loop*) printf '== backing %s\n%s\n' "$name" "$(cat "$path/loop/backing_file" 2>/dev/null)" ;; esac
  echo "== blkid $name"
  blkid -p -o export "$name" 2>/dev/null
  [ $? -ne 8 ] || echo AMBIVALENT=1
  found=$(signatures "$name")
  [ -z "$found" ] || printf '== wipefs %s\n%s\n' "$name" "$found"
  if [ -z "$found" ]; then printf '== sample %s\n%s\n' "$name" "$(written "$name")"; fi
  label=$(blkid -p -o value -s PART_ENTRY_NAME "$name" 2>/dev/null)
  [ -n "$label" ] || label=$(cat "$path/dm/name" 2>/dev/null)
  case $label in
    nightfleet-*-begun | *nightfleet--*--begun) [ -z "$found" ] || printf '== inside %s\n%s\n' "$name" "$(inside "$name")" ;;
  esac
  case $found in
    *xfs*)
      printf '== room %s\n' "$name"
      xfs_info "$name" 2>/dev/null | sed -n 's/^data .*bsize=\([0-9]*\) *blocks=\([0-9]*\),.*/\1 \2/p'
      ;;
    *ext4*)
      printf '== room %s\n' "$name"
      dumpe2fs -h "$name" 2>/dev/null | sed -n 's/^Block size: *//p; s/^Block count: *//p' | sort -n | paste -sd' '
      ;;
  esac
done
if has smartctl; then
  lsblk --nodeps --noheadings --paths --output NAME,TYPE | while read -r name type; do
    [ "$type" = disk ] || continue
    printf '== smart %s\n' "$name"
    smartctl --health --json=c "$name" 2>/dev/null
  done
fi
echo "== mounts"
cat /proc/self/mountinfo
echo "== swaps"
sed 1d /proc/swaps
if has vgs; then
  echo "== vgs"
  vgs --reportformat json --units b --nosuffix --options vg_name,vg_size,vg_free,vg_extent_size 2>/dev/null
  echo "== lvs"
  lvs --reportformat json --units b --nosuffix --options lv_name,vg_name,lv_size,lv_path,lv_dm_path 2>/dev/null
fi
for point in /var/lib/containerd /var/lib/kubelet /var/log/pods /var/cache/fscache /scratch /tmp /var /home; do
  [ -d "$point" ] || continue
  printf '== inside-folder %s\n' "$point"
  find "$point" -mindepth 1 -maxdepth 1 ! -name lost+found ! -name nightfleet-log-pods | head -n 3
done
for folder; do
  there=$folder
  while [ ! -d "$there" ]; do there=$(dirname "$there"); done
  printf '== folder %s\n%s\n' "$folder" "$(stat -f -c '%S %b %a' "$there")"
  for image in "$folder"/*.img; do
    [ ! -f "$image" ] || { printf '== image %s\n' "$image" && stat -c %s "$image" && blkid -p -o export "$image" 2>/dev/null; }
  done
done
echo "== container"
printf '%s\n' "$(cat /run/systemd/container 2>/dev/null)" # systemd(1) says there what it runs in
echo "== quota"
config=/boot/config-$(uname -r)
if [ -r "$config" ]; then grep -c '^CONFIG_XFS_QUOTA=y' "$config"; else zcat /proc/config.gz 2>/dev/null | grep -c '^CONFIG_XFS_QUOTA=y'; fi
echo "== end"
