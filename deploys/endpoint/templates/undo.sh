stopped nightfleet-keepalived.service nightfleet-haproxy.service # the address moves before its programs go
for name in haproxy keepalived; do
  unit=/etc/systemd/system/$name.service
  [ "$(readlink $unit)" != /dev/null ] || rm -f $unit
  rm -f /etc/systemd/system/nightfleet-$name.service
done
systemctl daemon-reload
rm -rf /etc/nightfleet/endpoint
folder /etc/nightfleet
true
