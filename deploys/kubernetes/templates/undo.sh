stopped kubelet.service
rm -rf /etc/systemd/system/kubelet.service /etc/systemd/system/kubelet.service.d
systemctl daemon-reload
unmounted /var/lib/kubelet
emptied /var/lib/kubelet
for family in ip ip6; do nft delete table $family kube-proxy 2>/dev/null; done
# kubelet and kube-proxy mark their chains; tables that then hold no rule, and were not there before, go too
for tool in iptables ip6tables; do
  has $tool-save || continue
  ! $tool-save 2>/dev/null | grep -q KUBE- || $tool-save | sed '/KUBE-/d' | $tool-restore
done
for family in ip ip6; do
  for table in mangle nat filter raw; do
    recorded "^nft.*table $family $table {" ||
      nft -s list table $family $table 2>/dev/null | grep -Ev '^[[:space:]]*(table |chain |type |#|[}]|$)' | grep -q . ||
      nft delete table $family $table 2>/dev/null
  done
done
[ ! -e /sys/class/net/kube-ipvs0 ] || ip link delete kube-ipvs0
setting vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops kernel.keys.root_maxkeys \
  kernel.keys.root_maxbytes net.ipv4.conf.all.route_localnet net.netfilter.nf_conntrack_max \
  net.netfilter.nf_conntrack_tcp_timeout_established net.netfilter.nf_conntrack_tcp_timeout_close_wait \
  net.netfilter.nf_conntrack_tcp_be_liberal net.ipv4.vs.conntrack
tree /usr/libexec/kubernetes /var/log/pods /var/log/containers /root/.kube /var/lib/kube-proxy
emptied /var/lib/calico /var/lib/etcd
for name in kubelet kubeadm kubectl etcdctl etcdutl; do links /usr/local/bin/$name; done
rm -f /etc/nightfleet/resolv.conf
folder /etc/nightfleet
rm -rf /etc/kubernetes/kubelet.d /etc/kubernetes/nightfleet
tree /etc/kubernetes
rm -rf /opt/nightfleet/kubelet /opt/nightfleet/kubeadm /opt/nightfleet/kubectl /opt/nightfleet/etcd
rm -f /run/nightfleet-kubeadm.lock
true
