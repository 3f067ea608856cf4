#!/bin/sh
# Back up this control plane: etcd, the cluster's keys, and (--ledger) what stands on standard input.
# The last line on standard output is the name of the new bag. Safe to kill at any moment and to run again.
set -eu
umask 077
lib=/usr/local/lib/nightfleet etc=/etc/nightfleet/backup pki=/etc/kubernetes/pki
# shellcheck source=/dev/null
. "$etc/settings"
# shellcheck source=deploys/backup/templates/bag.sh
. "$lib/bag.sh"

etcd() {
  etcdctl --endpoints=https://127.0.0.1:2379 --cacert=$pki/etcd/ca.crt \
    --cert=$pki/etcd/healthcheck-client.crt --key=$pki/etcd/healthcheck-client.key "$@"
}

locked() { # encrypt standard input to the recipients
  age -R "$etc/recipients" -o "$1"
}

field() { # NAME: a number of etcdutl's snapshot status
  sed -n "s/.*\"$1\":\"\\{0,1\\}\\([0-9.]*\\).*/\\1/p" "$work/data/etcd-status.json"
}

info() {
  cat <<END
Source-Organization: $SITE
External-Identifier: $name
Bagging-Date: $(date -u +%Y-%m-%d)
Bag-Software-Agent: nightfleet
Nightfleet-Made-At: $(date -u +%Y-%m-%dT%H:%M:%SZ)
Nightfleet-Node: $NODE
Nightfleet-Kubernetes: $(sed -n 's/.*kube-apiserver:v//p' /etc/kubernetes/manifests/kube-apiserver.yaml)
Nightfleet-Cluster-CA: $(sha256sum <"$plain/ca.der" | cut -d' ' -f1)
Nightfleet-Etcd-Revision: $(field revision)
Nightfleet-Etcd-Keys: $(field totalKey)
Nightfleet-Etcd-Hash: $(field hash)
Nightfleet-Etcd-Bytes: $(field totalSize)
END
}

make() { # fill $work; called where set -e is in force, so that whatever fails ends the run
  mkdir -p "$work/data"
  etcd snapshot save "$plain/etcd.db" >"$plain/log" 2>&1 || { tail -n 3 "$plain/log" >&2; return 1; }
  etcdutl snapshot status "$plain/etcd.db" -w json >"$work/data/etcd-status.json"
  etcd member list -w json >"$work/data/etcd-members.json"
  locked "$work/data/etcd.db.age" <"$plain/etcd.db"
  encryption=$(sed -n 's/.*--encryption-provider-config=//p' /etc/kubernetes/manifests/kube-apiserver.yaml)
  # shellcheck disable=SC2046,SC2086 # one word per path that is there
  tar -C / -cf "$plain/pki.tar" etc/kubernetes/pki \
    $(cd / && ls -d etc/kubernetes/nightfleet/init.yaml ${encryption#/} 2>/dev/null)
  locked "$work/data/pki.tar.age" <"$plain/pki.tar"
  if [ -n "$ledger" ]; then cat "$plain/ledger.jsonl" >"$work/data/ledger.jsonl"; fi
  openssl x509 -in $pki/ca.crt -outform DER -out "$plain/ca.der"
  info >"$work/bag-info.txt"
  seal "$work"
  whole "$work" || { echo "$name: what was written is not what can be read" >&2; return 1; }
}

room() { # refuse before the disk is full: a copy in clear and one encrypted
  need=$(($(stat -c %s /var/lib/etcd/member/snap/db) * 2 / 1024 + 65536))
  free=$(df -Pk "$DIRECTORY" | awk 'NR == 2 { print $4 }')
  [ "$free" -gt "$need" ] || { echo "$DIRECTORY has $free KiB left, a backup needs $need" >&2; return 1; }
}

keeper() { # WORDS: ask the node that keeps copies; its key here can do nothing else there
  ssh -F /dev/null -i "$etc/id_ed25519" -p "$COPY_PORT" -o HostKeyAlias="$COPY_NAME" \
    -o UserKnownHostsFile="$etc/known_hosts" -o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes \
    -o IdentitiesOnly=yes -o BatchMode=yes -o ConnectTimeout=30 -o LogLevel=ERROR \
    "nightfleet-backup@$COPY_ADDRESS" "$@"
}

copy() { # what is newer than all that the keeper has, oldest first: a run that did not reach it is made up for
  have=$(keeper list </dev/null) || return 1
  for bag in $(bags "$DIRECTORY" | sort); do
    [ "$(printf '%s\n' "$have" "$bag" | sort | tail -n 1)" = "$bag" ] || continue
    case "$have" in *"$bag"*) continue ;; esac
    tar -C "$DIRECTORY" -cf - "$bag" | keeper take "$bag" || return 1
  done
}

put() { # FILE KEY: into the bucket, which checks the sum
  sum=$(sha256sum <"$1" | cut -d' ' -f1)
  code=$(curl -K "$etc/s3" -o "$plain/answer" -w '%{http_code}' -T "$1" -H "x-amz-content-sha256: $sum" "$S3_URL/$2") || true
  [ "$code" = 200 ] || { echo "$S3_URL answers ${code:-nothing}: $(said)" >&2; return 1; }
}

said() { # what a bucket's refusal says
  sed -n 's/.*<Message>\(.*\)<.Message>.*/\1/p' "$plain/answer" 2>/dev/null
}

empty=$(sha256sum </dev/null | cut -d' ' -f1) # curl before 8 signs a HEAD only with the sum of its body, which has none
upload() { # what the bucket does not have, oldest first; the .txt comes last and says that it is all there
  for bag in $(bags "$DIRECTORY" | sort); do
    key="$SITE/$NODE/$bag"
    code=$(curl -K "$etc/s3" -o /dev/null -w '%{http_code}' -I -H "x-amz-content-sha256: $empty" "$S3_URL/$key.txt") ||
      return 1
    case $code in
      200) continue ;;
      403 | 404) ;; # not there: who may not list a bucket is told 403
      *) echo "$S3_URL answers $code when asked for $key.txt" >&2 && return 1 ;;
    esac
    whole "$DIRECTORY/$bag" || continue
    tar -C "$DIRECTORY" -cf "$plain/bag.tar" "$bag" || return 1
    put "$plain/bag.tar" "$key.tar" || return 1
    put "$DIRECTORY/$bag/bag-info.txt" "$key.txt" || return 1
  done
}

ledger=
[ "${1-}" != --ledger ] || ledger=yes
[ -s "$etc/recipients" ] || { echo "nobody could open it: backup.recipients is empty" >&2; exit 1; }
mkdir -p "$DIRECTORY"
chmod 700 "$DIRECTORY"
plain=$(mktemp -d "${TMPDIR:-/var/tmp}/nightfleet-backup.XXXXXX")
work=
trap 'rm -rf "$plain" ${work:+"$work"}' EXIT
trap 'exit 1' HUP INT TERM
[ -z "$ledger" ] || cat >"$plain/ledger.jsonl" # before the lock: nobody waits for whoever sends it
exec 9>"$DIRECTORY/.lock"
flock 9
for other in "${TMPDIR:-/var/tmp}"/nightfleet-backup.* "$DIRECTORY"/.making.* "$DIRECTORY"/.gone.*; do
  [ "$other" = "$plain" ] || rm -rf "$other" # of a run that was killed
done
room
name=$(date -u +%Y%m%dT%H%M%SZ)-$NODE
while [ -e "$DIRECTORY/$name" ]; do
  sleep 1
  name=$(date -u +%Y%m%dT%H%M%SZ)-$NODE
done
work="$DIRECTORY/.making.$name"
make
sync "$work"/data/* "$work"/*.txt
mv -T "$work" "$DIRECTORY/$name"
sync "$DIRECTORY"
prune "$DIRECTORY" "$KEEP"
echo "$name"
failed=
[ -z "$COPY_NAME" ] || copy || failed="$COPY_NAME"
[ -z "$S3_URL" ] || upload || failed="${failed:+$failed, }$S3_URL"
[ -z "$failed" ] || { echo "$name is here, but was not copied to $failed" >&2; exit 1; }
