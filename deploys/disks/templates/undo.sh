# Nothing that holds a file is destroyed. Image files and logical volumes take room that is the owner's: they go
# when they are empty by now. Partitions stay, and say by their names what they are.
etc=/etc/nightfleet/disks
vacant() { # FOLDER: a mount point below which nobody left a file
  mountpoint -q "$1" && ! find "$1" -xdev -mindepth 1 ! -path "$1/lost+found" ! -path "$1/nightfleet-log-pods" | grep -q .
}
grep -l '^# .* of nightfleet, on .* (deploys/disks)$' /etc/systemd/system/*.mount /etc/systemd/system/*.swap 2>/dev/null |
  sort -r | while read -r file; do
  unit=${file##*/}
  what=$(sed -n 's/^What=//p' "$file") where=$(sed -n 's/^Where=//p' "$file")
  empty=
  case $unit in
    *.swap) empty=yes ;;
    *) ! vacant "$where" || empty=yes ;;
  esac
  stopped "$unit"
  case $unit in
    tmp.mount | var.mount | home.mount) ;; # in use by the system itself: it goes at the next boot
    *) if [ -n "$where" ] && mountpoint -q "$where"; then
      echo "$where is still in use: $(fuser -m "$where" 2>/dev/null)" >&2
      exit 1
    fi ;;
  esac
  device=$(readlink -f "$what")
  rm -f "$file"
  [ "$empty" = yes ] || continue
  case $what in
    *.img) rm -f "$what" "$what.new"; rmdir "$(dirname "$what")" 2>/dev/null ;;
    /dev/*) ! has lvs || lvs --noheadings --options vg_name,lv_name "$device" 2>/dev/null | while read -r group name; do
      case $name in nightfleet-*) lvremove --quiet --yes "$group/$name" >/dev/null ;; esac
    done ;;
  esac
  [ -z "$where" ] || folder "$where"
done || exit 1
systemctl daemon-reload
rm -f /etc/kubernetes/kubelet.d/95-nightfleet-disks.conf
rm -f /run/nightfleet/reboot-required/disks
rm -rf $etc
folder /etc/nightfleet
true
