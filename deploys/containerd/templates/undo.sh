if has ctr && systemctl --quiet is-active containerd; then
  for task in $(ctr --namespace k8s.io tasks list --quiet 2>/dev/null); do
    ctr --namespace k8s.io tasks kill --signal KILL --all "$task" 2>/dev/null
  done
fi
stopped containerd.service
for shim in $(pgrep -f '^/usr/local/bin/containerd-shim-runc-v2 '); do
  xargs -r kill -KILL <"/proc/$shim/task/$shim/children" 2>/dev/null
  kill -KILL "$shim"
done
systemctl stop kubepods.slice 2>/dev/null
rm -f /etc/systemd/system/containerd.service
systemctl daemon-reload
unmounted /run/containerd
unmounted /var/lib/containerd
sed -n 's|^[^ ]* \(/run/netns/cni-[^ ]*\) .*|\1|p' /proc/self/mounts | while read -r netns; do umount -l "$netns"; done
rm -rf /run/netns/cni-* /run/containerd /run/runc
emptied /var/lib/containerd
links /usr/local/bin/* /usr/local/sbin/* /opt/cni/bin/*
tree /opt/containerd # the runtime makes it at its start
folder /opt/cni/bin /opt/cni /etc/cni/net.d /etc/cni # it makes the latter anew when they are missing
rm -rf /etc/containerd/config.toml /etc/containerd/certs.d
rm -rf /etc/containerd/conf.d
folder /etc/containerd
rm -rf /opt/nightfleet/runc /opt/nightfleet/cni-plugins /opt/nightfleet/containerd
true
