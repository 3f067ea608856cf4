# Run `kubeadm upgrade` to its end; safe to run again, and beside another controller's run.
set -eu
upgrade() { # VERSION ENDPOINT apply|node ARGUMENTS...
  done=/etc/kubernetes/nightfleet/upgraded wanted=$1 endpoint=$2
  shift 2
  exec 9>/run/nightfleet-kubeadm.lock
  flock 9 # a run that its controller left behind is still at work: let it end
  if [ "$(cat $done 2>/dev/null)" = "$wanted" ]; then
    echo "finished by another run"
    return
  fi
  # from here on the run outlives its controller: it must not die of a closed pipe half way
  log=$(mktemp /run/nightfleet-kubeadm.XXXXXX)
  trap '' HUP PIPE
  # after an interruption the API server may be on its way from one version to the other
  for _ in $(seq 120); do
    ! curl -fsk -o /dev/null --max-time 5 "https://$endpoint/readyz" || break
    sleep 1
  done
  until kubeadm upgrade "$@" >"$log" 2>&1 9>&-; do
    code=$?
    if grep -Eq 'CoreDNSMigration|addon/coredns' "$log" && ! echo "$*" | grep -q skip-phases; then
      set -- "$@" --skip-phases=addon/coredns # it is there, in a version that kubeadm cannot migrate from
      for argument; do
        shift
        case $argument in
        --ignore-preflight-errors=*) argument=$argument,CoreDNSMigration,CoreDNSUnsupportedPlugins ;;
        esac
        set -- "$@" "$argument"
      done
      continue
    fi
    grep -vE '^[[:space:]]*$|^error' "$log" | tail -n 20 >&2 || true
    grep '^error' "$log" >&2 || true # last: it says why
    rm -f "$log"
    return "$code"
  done
  echo "$wanted" >"$done.new"
  mv "$done.new" "$done"
  tail -n 3 "$log" || true # nobody may be there to read it
  rm -f "$log"
}
