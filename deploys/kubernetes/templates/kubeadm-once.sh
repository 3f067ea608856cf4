# Run kubeadm to its end exactly once; safe to run again, and beside another controller's run.
set -eu
once() { # VERB ARGUMENTS...; $may_be_there is what a try leaves, by the names of kubeadm's checks
  mkdir -p /etc/kubernetes/nightfleet
  exec 9>/run/nightfleet-kubeadm.lock
  flock 9 # a run that its controller left behind is still at work: let it end
  if [ -e /etc/kubernetes/nightfleet/member ] && [ -e /etc/kubernetes/kubelet.conf ]; then
    echo "finished by another run"
    return
  fi
  # from here on the run outlives its controller: it must not die of a closed pipe half way
  log=$(mktemp /run/nightfleet-kubeadm.XXXXXX)
  trap '' HUP PIPE
  # kubelet of an unfinished join keeps its node Ready, and kubeadm joins no second node of that name
  [ "$1" != join ] || systemctl stop kubelet
  deadline=$(($(date +%s) + 120))
  until kubeadm "$@" >"$log" 2>&1 9>&-; do
    code=$?
    if grep -q 'status "Ready" already exists' "$log" && [ "$(date +%s)" -lt "$deadline" ]; then
      sleep 5 # until the node counts as gone, less than a minute
      # what this very try has written is no reason against the next
      [ -z "$may_be_there" ] || set -- "$@" "--ignore-preflight-errors=$may_be_there"
      may_be_there=
      continue
    fi
    if grep -q 'addon/coredns: unable to get list of changes' "$log"; then
      set -- "$@" --skip-phases=addon/coredns # it is there, in a version that kubeadm cannot migrate from
      continue
    fi
    grep -vE '^[[:space:]]*$|^error' "$log" | tail -n 20 >&2 || true
    grep '^error' "$log" >&2 || true # last: it says why
    rm -f "$log"
    return "$code"
  done
  touch /etc/kubernetes/nightfleet/member
  tail -n 3 "$log" || true # nobody may be there to read it
  rm -f "$log"
}
