# What is in the cache is a copy of what servers have; on a filesystem of its own it goes with that (disks).
stopped nightfleet-cachefilesd.service
rm -f /etc/systemd/system/nightfleet-cachefilesd.service
unit=/etc/systemd/system/cachefilesd.service
[ "$(readlink $unit)" != /dev/null ] || rm -f $unit
systemctl daemon-reload
again /etc/cachefilesd.conf
again /etc/default/cachefilesd
emptied /var/cache/fscache
rm -rf /etc/nightfleet/cachefilesd
folder /etc/nightfleet
true
