for unit in $(grep -ls deploys/cephfs_client /etc/systemd/system/*.automount); do
  forget "$(basename "$unit")" || exit 1
done
systemctl daemon-reload
[ ! -e /etc/nightfleet/cephfs/files ] || while read -r file; do rm -f "$file"; done </etc/nightfleet/cephfs/files
folder /etc/ceph
rm -rf /etc/nightfleet/cephfs
folder /etc/nightfleet
true
