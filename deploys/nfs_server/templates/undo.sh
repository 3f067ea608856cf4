# What others wrote into the folders is theirs: no folder that holds anything goes.
etc=/etc/nightfleet/nfs_server
case $(cat $etc/serves 2>/dev/null) in
  kernel)
    rm -f /etc/exports.d/nightfleet.exports /etc/nfs.conf.d/nightfleet.conf
    rm -f /etc/systemd/system/nfs-server.service.d/nightfleet.conf
    folder /etc/systemd/system/nfs-server.service.d
    if remembered && [ -z "$(fact package nfs-kernel-server)" ]; then
      stopped nfs-server.service
    else # its owner serves, too
      exportfs -ra
    fi
    folder /etc/exports.d /etc/nfs.conf.d
    ;;
  *)
    stopped nightfleet-ganesha.service
    rm -f /etc/systemd/system/nightfleet-ganesha.service
    for name in nfs-ganesha nfs-ganesha-lock; do
      unit=/etc/systemd/system/$name.service
      [ "$(readlink $unit)" != /dev/null ] || rm -f $unit
    done
    tree /var/lib/nfs/ganesha /var/log/ganesha
    ;;
esac
systemctl daemon-reload
rm -rf $etc
folder /etc/nightfleet
true
