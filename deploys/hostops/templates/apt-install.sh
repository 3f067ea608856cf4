# Install the packages "$@"; waits for other package managers up to $LOCK_TIMEOUT seconds; writes into $OURS
# what came and what went, for the day when the machine is handed back.
# SYSTEMD_OFFLINE keeps maintainer scripts from starting services before they are configured;
# unlike a policy-rc.d file it leaves nothing behind when this script is killed.
set -u
export DEBIAN_FRONTEND=noninteractive SYSTEMD_OFFLINE=1 NEEDRESTART_SUSPEND=1 LC_ALL=C
log=$(mktemp /var/tmp/nightfleet-apt.XXXXXX)
trap 'rm -f "$log"' EXIT
deadline=$(($(date +%s) + LOCK_TIMEOUT))

apt() { # run apt-get, again and again while another package manager holds a lock
  until apt-get -q -y -o DPkg::Lock::Timeout=0 -o Dpkg::Options::=--force-confold "$@" >"$log" 2>&1; do
    if ! grep -Eq 'Could not get lock|Unable to lock|is another process using it' "$log"; then
      cat "$log" >&2
      return 1
    fi
    if [ "$(date +%s)" -ge "$deadline" ]; then
      grep -m1 -E 'lock' "$log" >&2
      echo "another package manager has held its lock for $LOCK_TIMEOUT s; wait for it, or end it, then run again" >&2
      return 1
    fi
    [ -n "${waiting:-}" ] || echo "waiting for another package manager: $(grep -m1 'held by' "$log" || grep -m1 -E 'lock' "$log")"
    waiting=yes
    sleep 2
  done
}

# A killed run leaves the list of what was there before it, and the next one goes on from that.
installed() { dpkg-query -W -f '${db:Status-Abbrev} ${binary:Package} ${Version}\n' | sed -n 's/^ii *//p' | sort; }
mkdir -p "${OURS%/*}"
[ -s "$OURS.before" ] || { installed >"$OURS.new" && mv -f "$OURS.new" "$OURS.before"; }

# a killed dpkg leaves packages half configured; nothing can be installed before that is mended
if [ -n "$(find /var/lib/dpkg/updates -type f 2>/dev/null)" ] || dpkg --audit 2>/dev/null | grep -q .; then
  dpkg --configure -a --force-confold >"$log" 2>&1 || true
fi
apt install --no-install-recommends --no-upgrade "$@" 2>/dev/null || {
  apt update && apt install --no-install-recommends --no-upgrade "$@"
}
code=$?
installed | diff "$OURS.before" - | sed -n -e 's/^> /+ /p' -e 's/^< /- /p' >>"$OURS" # + what came, - what went
[ "$code" != 0 ] || rm -f "$OURS.before"
exit "$code"
