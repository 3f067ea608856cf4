# What a machine is between two reboots, a key=value a line. The kernel of a container is not its own.
echo "boot_id=$(cat /proc/sys/kernel/random/boot_id)"
echo "kernel=$(uname -r)"
systemd-detect-virt --quiet --container ||
  echo "newest=$(find /boot -maxdepth 1 -name 'vmlinuz-*' -printf '%f\n' | sed 's/^vmlinuz-//' | sort -V | tail -n1)"
echo "state=$(systemctl is-system-running 2>/dev/null)"
systemctl list-units --failed --plain --no-legend --no-pager | while read -r unit _; do
  echo "failed=$unit"
done
for member in /etc/kubernetes/kubelet.conf /etc/kubernetes/manifests/*.yaml; do
  [ ! -e "$member" ] || echo joined=yes
done
for asked in /run/nightfleet/reboot-required/*; do # deploys/hostops/reboot.py
  [ ! -f "$asked" ] || echo "need=${asked##*/} $(head -n1 "$asked")"
done
[ ! -e /run/reboot-required ] ||
  echo "need=system $(sort -u /run/reboot-required.pkgs 2>/dev/null | tr '\n' ' ')"
true
