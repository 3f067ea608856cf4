# Renew what kubeadm signed on this control plane, and restart the programs that hold it in memory, one by one.
# May be run again at any time. It outlives its controller: a half-renewed control plane helps nobody.
set -u
exec 9>/run/nightfleet-kubeadm.lock
flock 9
trap '' HUP PIPE
log=$(mktemp /run/nightfleet-renew.XXXXXX)
trap 'rm -f "$log"' EXIT
kubeadm certs renew all >"$log" 2>&1 9>&- || { tail -n 5 "$log" >&2; exit 1; }

running() { # NAME: ids of its running containers
  for id in $(ctr --namespace k8s.io containers list --quiet "labels.\"io.kubernetes.container.name\"==\"$1\""); do
    ! ctr --namespace k8s.io tasks list | grep -q "^$id .*RUNNING" || echo "$id"
  done
}
until_true() { # SECONDS COMMAND...
  end=$(($(date +%s) + $1))
  shift
  until "$@"; do
    [ "$(date +%s)" -lt "$end" ] || return 1
    sleep 1
  done
}
another() { # NAME OLD: a container runs, and it is not the old one
  now=$(running "$1")
  [ -n "$now" ] && [ "$now" != "$2" ]
}
ready() { curl -fsk -o /dev/null --max-time 5 https://127.0.0.1:6443/readyz; }

anew() { # NAME...: end these programs together; kubelet starts each anew
  for name in "$@"; do
    [ ! -e /etc/kubernetes/manifests/"$name".yaml ] || running "$name" >"/run/nightfleet-renew.$name"
  done
  for name in "$@"; do
    [ ! -e "/run/nightfleet-renew.$name" ] || while read -r id; do
      ctr --namespace k8s.io tasks kill --signal TERM "$id" </dev/null >/dev/null 2>&1
    done <"/run/nightfleet-renew.$name"
  done
  for name in "$@"; do
    [ -e "/run/nightfleet-renew.$name" ] || continue
    until_true 180 another "$name" "$(cat "/run/nightfleet-renew.$name")" ||
      { echo "$name does not run again; journalctl -u kubelet" >&2; exit 1; }
    rm -f "/run/nightfleet-renew.$name"
  done
}

anew etcd # the API server would not start without it
anew kube-apiserver kube-controller-manager kube-scheduler
until_true 180 ready || { echo "kube-apiserver is not ready after 180 s; journalctl -u kubelet" >&2; exit 1; }
