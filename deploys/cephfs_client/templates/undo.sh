for unit in /etc/systemd/system/*.automount; do
  ! grep -qs deploys/cephfs_client "$unit" || forget "$(basename "$unit")" || exit 1
done
systemctl daemon-reload
[ ! -e /etc/nightfleet/cephfs/files ] || while read -r file; do rm -f "$file"; done </etc/nightfleet/cephfs/files
folder /etc/ceph
rm -rf /etc/nightfleet/cephfs
folder /etc/nightfleet
true
