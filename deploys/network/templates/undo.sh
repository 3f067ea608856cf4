stopped nightfleet-routes.service
[ ! -e /etc/nightfleet/routes ] || while read -r _ _ pods _ via; do
  ip route del "$pods" via "$via" 2>/dev/null
done </etc/nightfleet/routes
nft delete table ip nightfleet-pods 2>/dev/null
for link in cni0 cilium_net cilium_host cilium_vxlan; do
  [ ! -e /sys/class/net/$link ] || ip link delete $link
done
rm -f /etc/systemd/system/nightfleet-routes.service
systemctl daemon-reload
emptied /var/lib/cni
links /usr/local/bin/helm
rm -rf /opt/nightfleet/cilium-chart /opt/nightfleet/helm
rm -f /etc/cni/net.d/*nightfleet* /etc/cni/net.d/*cilium* /etc/nightfleet/pods.nft /etc/nightfleet/cilium-values.yaml
folder /etc/cni/net.d /etc/cni
rm -f /etc/nightfleet/routes
folder /etc/nightfleet
true
