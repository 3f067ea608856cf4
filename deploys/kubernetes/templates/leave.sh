if [ -x /usr/local/bin/kubeadm ]; then
  exec 9>/run/nightfleet-kubeadm.lock
  flock 9 # a join or an older reset that its controller left behind: let it end
  trap '' HUP PIPE
  kubeadm reset --force --cleanup-tmp-dir --skip-phases=remove-etcd-member \
    --cri-socket=unix:///run/containerd/containerd.sock >/run/nightfleet-reset.log 2>&1 9>&- ||
    tail -n 20 /run/nightfleet-reset.log >&2
  rm -f /run/nightfleet-reset.log
fi
systemctl stop kubelet 2>/dev/null
rm -f /etc/kubernetes/nightfleet/member
unmounted /var/lib/kubelet
emptied /var/lib/kubelet /var/lib/etcd
rm -rf /etc/kubernetes/manifests /etc/kubernetes/tmp /etc/kubernetes/pki
rm -f /etc/kubernetes/*.conf
[ -z "$(ls -d /var/lib/etcd/* 2>/dev/null)" ]
