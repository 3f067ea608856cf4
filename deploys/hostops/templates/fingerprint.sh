# Print what this machine is, one fact a line: KIND <tab> KEY <tab> VALUE. Reads only. Contents of files
# appear as sums; passwords and their hashes not at all. Who compares two of these decides what to leave out.
set -u
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
has() { command -v "$1" >/dev/null; }
as() { # KIND: every line of stdin is a fact without a value
  sed -e 's/[[:space:]]*$//' -e "s/\$/\t/" -e "s/^/$1\t/"
}

printf 'format\tversion\t1\n'
read -r name </proc/sys/kernel/hostname && printf 'name\thost\t%s\n' "$name"

dpkg-query -W -f '${db:Status-Abbrev}\t${binary:Package}\t${Version}\n' |
  sed -n -e 's/^\(..\).*\t\(.*\)\t\(.*\)$/package\t\2\t\3 \1/p'
apt-mark showmanual 2>/dev/null | as manual
apt-mark showhold 2>/dev/null | as hold

systemctl list-unit-files --plain --no-legend --no-pager | while read -r unit state _; do
  printf 'unit\t%s\t%s\n' "$unit" "$state"
done
systemctl list-units --plain --no-legend --no-pager --state=active --type=service,socket,timer,path,target |
  while read -r unit _; do printf 'active\t%s\t\n' "$unit"; done

while IFS=: read -r user _ uid gid _ folder shell; do
  printf 'user\t%s\t%s:%s %s %s\n' "$user" "$uid" "$gid" "$folder" "$shell"
done </etc/passwd
while IFS=: read -r group _ gid members; do printf 'group\t%s\t%s %s\n' "$group" "$gid" "$members"; done </etc/group

# Whole trees: what is there, whose it is, what it holds.
set --
for tree in /etc /usr/local /opt /root/.ssh /var/spool/cron; do [ ! -e "$tree" ] || set -- "$@" "$tree"; done
find "$@" -xdev -printf 'path\t%p\t%y %m %u:%g %l\n'
find "$@" -xdev -type f -size -2048k ! -path '/etc/*shadow*' -exec sha256sum {} + |
  sed -n -e 's/^\\\{0,1\}\([0-9a-f]\{64\}\)  \(.*\)$/content\t\2\t\1/p'
find "$@" -xdev -type f ! -size -2048k -printf 'content\t%p\t%s bytes\n'
# Of the rest, what stands there.
find / /srv /usr /usr/libexec /var /var/lib /var/cache /var/log /root -xdev -mindepth 1 -maxdepth 1 -type d \
  -printf 'path\t%p\t%y %m %u:%g \n' 2>/dev/null
for folder in cni containerd etcd kubelet; do
  [ ! -d /var/lib/$folder ] || find /var/lib/$folder -xdev -mindepth 1 -maxdepth 1 -printf 'path\t%p\t%y %m %u:%g \n'
done
# Single files that may be replaced, to be put back as they were.
for file in /etc/hostname /etc/hosts /etc/timezone /etc/default/locale /etc/fstab; do
  [ ! -f $file ] || printf 'kept\t%s\t%s\n' $file "$(base64 -w0 <$file)"
done

# In a container, modules and most settings belong to the machine below it.
settings=/proc/sys
if systemd-detect-virt --quiet --container; then
  settings=/proc/sys/net
else
  cut -d' ' -f1 /proc/modules | as module
  [ ! -e /proc/swaps ] || sed 1d /proc/swaps | while read -r swap _; do printf 'swap\t%s\t\n' "$swap"; done
fi
find $settings -path /proc/sys/fs/binfmt_misc -prune -o -type f -perm -200 -perm -400 \
  ! -name '*_key' ! -name stable_secret -exec grep -sH '' {} + 2>/dev/null |
  sed -e 's#^/proc/sys/\([^:]*\):#sysctl\t\1\t#' -e 's/[[:space:]]*$//'

while read -r _ point type options _; do
  printf 'mount\t%s\t%s %s\n' "$point" "$type" "${options%%,*}"
done </proc/self/mounts
for link in /sys/class/net/*; do
  [ ! -r "$link/mtu" ] || printf 'link\t%s\tmtu %s\n' "${link##*/}" "$(cat "$link/mtu")"
done
if has ip; then
  ip -o addr show | sed -e '/inet6 .* dynamic/d' -e 's/^[0-9]*: //' -e 's/\\.*//' -e 's/ valid_lft.*//' | as address
  ip -4 route show table all | as route
  ip -6 route show table all | sed -e '/proto ra/d' -e 's/ expires [0-9]*sec//' | as route
  ip rule show | as rule
  ip -6 rule show | sed 's/^/inet6 /' | as rule
fi
if has ss; then
  ss -Hlntu | while read -r protocol _ _ _ address _; do printf 'listens\t%s %s\t\n' "$protocol" "$address"; done
fi
if has nft; then
  nft -s list ruleset | sed -n -e '/[^[:space:]]/p' | nl -ba -w4 -s"$(printf '\t')" -nrz | sed 's/^/nft\t/'
fi
for family in iptables ip6tables; do
  if has $family-legacy-save && grep -q . /proc/net/ip_tables_names /proc/net/ip6_tables_names 2>/dev/null; then
    $family-legacy-save | sed -e '/^#/d' -e 's/\[[0-9:]*\]//' | as $family
  fi
done
true
