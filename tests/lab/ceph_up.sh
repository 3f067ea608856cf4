# Make a Ceph of one monitor, manager, OSD and metadata server of this host, with one file system: $ADDRESS, $HOST.
# All in one script: a blank host has the file system up and every placement group clean within some 15 s.
set -eu
fsid=$(cat /proc/sys/kernel/random/uuid)
install -d -m 755 /etc/ceph
cat >/etc/ceph/ceph.conf <<CONF
[global]
fsid = $fsid
mon_initial_members = $HOST
mon_host = [v2:$ADDRESS:3300,v1:$ADDRESS:6789]
public_network = $NETWORK
auth_allow_insecure_global_id_reclaim = false
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
mon_allow_pool_delete = true
mon_data_avail_warn = 5
mon_data_avail_crit = 2
mgr_initial_modules =
[osd]
osd_objectstore = bluestore
bluestore_block_size = 8589934592
bluestore_cache_autotune = false
bluestore_cache_size = 33554432
osd_memory_target = 939524096
osd_op_num_shards = 1
osd_op_num_threads_per_shard = 2
[mds]
mds_cache_memory_limit = 67108864
CONF
as_ceph() { setpriv --reuid ceph --regid ceph --clear-groups "$@"; }
own() { install -d -o ceph -g ceph -m 750 "$@"; }

keys=/run/ceph-begin
own $keys
ceph-authtool --create-keyring $keys/keys --gen-key -n mon. --cap mon 'allow *' >/dev/null
ceph-authtool --create-keyring /etc/ceph/ceph.client.admin.keyring --gen-key -n client.admin \
  --cap mon 'allow *' --cap osd 'allow *' --cap mds 'allow *' --cap mgr 'allow *' >/dev/null
ceph-authtool $keys/keys --import-keyring /etc/ceph/ceph.client.admin.keyring >/dev/null
monmaptool --create --addv "$HOST" "[v2:$ADDRESS:3300,v1:$ADDRESS:6789]" --fsid "$fsid" $keys/monmap >/dev/null
chown ceph:ceph $keys/keys $keys/monmap
own "/var/lib/ceph/mon/ceph-$HOST"
as_ceph ceph-mon --mkfs -i "$HOST" --monmap $keys/monmap --keyring $keys/keys
systemctl enable --quiet --now "ceph-mon@$HOST"

own "/var/lib/ceph/mgr/ceph-$HOST"
ceph auth get-or-create "mgr.$HOST" mon 'allow profile mgr' osd 'allow *' mds 'allow *' \
  -o "/var/lib/ceph/mgr/ceph-$HOST/keyring"
chown ceph:ceph "/var/lib/ceph/mgr/ceph-$HOST/keyring"
systemctl enable --quiet --now "ceph-mgr@$HOST"

own /var/lib/ceph/osd/ceph-0
secret=$(ceph-authtool --gen-print-key)
uuid=$(cat /proc/sys/kernel/random/uuid)
echo "{\"cephx_secret\": \"$secret\"}" | ceph osd new "$uuid" -i - >/dev/null
ceph-authtool --create-keyring /var/lib/ceph/osd/ceph-0/keyring --name osd.0 --add-key "$secret" >/dev/null
chown ceph:ceph /var/lib/ceph/osd/ceph-0/keyring
ceph-osd -i 0 --mkfs --osd-uuid "$uuid" --setuser ceph --setgroup ceph 2>/dev/null
systemctl enable --quiet --now ceph-osd@0

own "/var/lib/ceph/mds/ceph-$HOST"
ceph auth get-or-create "mds.$HOST" mon 'profile mds' mgr 'profile mds' osd 'allow rwx' mds 'allow *' \
  -o "/var/lib/ceph/mds/ceph-$HOST/keyring"
chown ceph:ceph "/var/lib/ceph/mds/ceph-$HOST/keyring"
systemctl enable --quiet --now "ceph-mds@$HOST"

ceph osd pool create cephfs_meta 8 2>/dev/null
ceph osd pool create cephfs_data 8 2>/dev/null
ceph fs new cephfs cephfs_meta cephfs_data 2>/dev/null
