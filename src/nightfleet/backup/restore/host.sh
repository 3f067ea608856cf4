# The steps of a restore on one control plane. Each may be killed anywhere and is then run again.
# Set before: NODE, ADDRESS, RUN (a word that names this restore).
set -eu
umask 077
manifests=/etc/kubernetes/manifests aside=/etc/kubernetes/nightfleet/manifests-aside
pki=/etc/kubernetes/pki data=/var/lib/etcd
mark=$data/member/nightfleet-restore # names the restore that put this data there; it goes where the data goes

# processes of this node's own etcd and API server; a pod may well run others
ours() {
  for comm in /proc/[0-9]*/comm; do
    case $(cat "$comm" 2>/dev/null || true) in
      etcd) want="--name=$NODE" ;;
      kube-apiserver) want="--advertise-address=$ADDRESS" ;;
      *) continue ;;
    esac
    if tr '\0' '\n' <"${comm%comm}cmdline" 2>/dev/null | grep -qxF -- "$want"; then
      pid=${comm%/comm}
      echo "${pid#/proc/}"
    fi
  done
}

etcd() {
  etcdctl --endpoints=https://127.0.0.1:2379 --cacert=$pki/etcd/ca.crt \
    --cert=$pki/etcd/healthcheck-client.crt --key=$pki/etcd/healthcheck-client.key "$@"
}

look() { # what there is, one word per line, after a mark
  [ ! -e $pki/ca.crt ] || echo "ca $(openssl x509 -in $pki/ca.crt -outform DER | sha256sum | cut -d' ' -f1)"
  [ ! -e $pki/etcd/ca.key ] || echo keys
  for file in $manifests/etcd.yaml $aside/etcd.yaml; do [ ! -e "$file" ] || echo manifests; done
  [ ! -d $data/member ] || echo data
  [ ! -e $mark ] || echo "restored $(cat $mark)"
  [ -z "$(ours)" ] || echo runs
  if etcd endpoint health >/dev/null 2>&1; then
    # One that kubelet started on an empty disk is healthy too, and its API server fills it with namespaces; but
    # no node is in it: kubelets register when they start.
    [ -z "$(etcd get --prefix --keys-only --limit 1 /registry/minions/)" ] || {
      echo "healthy $(etcd endpoint status -w json | sed -n 's/.*"revision":\([0-9]*\).*/\1/p')"
    }
  fi
  if command -v etcdutl >/dev/null && [ -e /etc/kubernetes/kubelet.d/90-nightfleet.conf ]; then echo prepared; fi
}

stop() { # all of the control plane: what it remembers is of the time after the snapshot
  mkdir -p $aside # for root alone, by the umask
  for name in kube-scheduler kube-controller-manager kube-apiserver etcd; do
    [ ! -e $manifests/$name.yaml ] || mv -T $manifests/$name.yaml $aside/$name.yaml
  done
  for _ in $(seq 120); do
    pids=$(ours)
    [ -n "$pids" ] || return 0
    # shellcheck disable=SC2086 # several
    systemctl is-active --quiet kubelet || kill $pids 2>/dev/null || true
    sleep 1
  done
  echo "etcd or the API server does not end: processes $(echo "$pids" | tr '\n' ' ')" >&2
  return 1
}

keep() { # the old data stays on its disk, for whoever wants to look at it
  [ ! -e "$data/before-$RUN/member" ] && [ -e $data/member ] || return 0
  [ -z "$(ours)" ] || { echo "etcd or the API server runs again" >&2; return 1; }
  mkdir -p "$data/before-$RUN"
  mv -T $data/member "$data/before-$RUN/member"
}

keys() { # CA keys from standard input; kubeadm makes the others of them
  new=/etc/kubernetes/.pki-$RUN
  rm -rf "$new"
  mkdir -p "$new"
  tar -xpf - --no-same-owner -C "$new"
  [ -e $pki/ca.crt ] || { rm -rf $pki; mv -T "$new" $pki; }
  rm -rf "$new"
}

restore() { # INITIAL_CLUSTER: the snapshot comes on standard input
  [ "$(cat $mark 2>/dev/null)" != "$RUN" ] || { cat >/dev/null; return 0; } # it was here before
  [ ! -e $data/member ] || { echo "$data/member is not of this restore" >&2; return 1; }
  work=$data/.restoring
  rm -rf $work
  mkdir -p $work
  trap 'rm -rf $work' EXIT
  cat >$work/snapshot.db
  # Revisions jump ahead of all that anybody saw, and the past counts as compacted: whoever watched begins anew
  # instead of waiting for revisions that come a second time (https://etcd.io/docs/v3.6/op-guide/recovery/).
  etcdutl snapshot restore $work/snapshot.db --data-dir $work/data --name "$NODE" --initial-cluster "$1" \
    --initial-cluster-token "$RUN" --initial-advertise-peer-urls "https://$ADDRESS:2380" \
    --bump-revision 1000000000 --mark-compacted >$work/log 2>&1 || { tail -n 3 $work/log >&2; return 1; }
  echo "$RUN" >$work/data/member/nightfleet-restore
  sync -f $work/data
  mv -T $work/data/member $data/member
}

back() { # NAME...: manifests
  for name in "$@"; do
    [ ! -e $aside/"$name".yaml ] || mv -T $aside/"$name".yaml $manifests/"$name".yaml
  done
  systemctl start kubelet
}

etcd_back() {
  back etcd
}

etcd_well() {
  for _ in $(seq 180); do
    ! etcd endpoint health >/dev/null 2>&1 || return 0
    sleep 1
  done
  etcd endpoint health >&2 # says why
}

api_back() {
  back kube-apiserver kube-controller-manager kube-scheduler
  for _ in $(seq 180); do
    ! curl -fsk -o /dev/null --max-time 5 "https://$ADDRESS:6443/readyz" || return 0
    sleep 1
  done
  curl -sk --max-time 5 "https://$ADDRESS:6443/readyz?verbose" | grep -v ' ok$' >&2
  return 1
}
