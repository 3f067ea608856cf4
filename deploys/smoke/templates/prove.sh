# Prove a cluster: manifest on stdin (base64); NAMESPACE SERVICE TIMEOUT FINGERPRINT WORKERS are set above.
# Every pod asks, from inside, the Service by its DNS name and the pod on each other worker by its address.
# Only WORKERS count, those that are Ready: the pod of a node that is down stays listed and can prove nothing.
set -eu
KUBECONFIG=/etc/kubernetes/admin.conf
export KUBECONFIG
k() { kubectl --namespace "$NAMESPACE" "$@"; }
deadline=$(($(date +%s) + TIMEOUT))
late() { [ "$(date +%s)" -ge "$deadline" ]; }

if [ -z "$WORKERS" ]; then
  echo "no worker is Ready: nothing can be proven" >&2
  exit 1
fi
base64 -d | kubectl apply -f - >/dev/null
until k get daemonset smoke -o jsonpath='{.metadata.generation}={.status.observedGeneration}' | grep -Eq '^(.+)=\1$'; do
  if late; then
    echo "no controller has looked at the test pods within $TIMEOUT s: is kube-controller-manager running?" >&2
    exit 1
  fi
  sleep 1
done
# the same pods would pull nothing anew
for worker in $WORKERS; do
  k delete pods --selector app=smoke --field-selector "spec.nodeName=$worker" --wait=false >/dev/null
done

ready_pods() { # NODE ADDRESS POD, a line for each worker whose new pod is ready
  k get pods --selector app=smoke -o jsonpath='{range .items[*]}{.spec.nodeName}|{.status.podIP}|{.metadata.name}|{.status.conditions[?(@.type=="Ready")].status}|{.metadata.deletionTimestamp}{"\n"}{end}' |
    while IFS='|' read -r node address pod ready deleted; do
      case " $WORKERS " in
        *" $node "*) if [ "$ready$deleted" = True ]; then echo "$node $address $pod"; fi ;;
      esac
    done
}
all_ready() {
  for worker in $WORKERS; do
    echo "$pods" | grep -q "^$worker " || return 1
  done
}
until pods=$(ready_pods) && all_ready; do
  if late; then
    echo "the test pods did not become ready; they are kept for a look (kubectl -n $NAMESPACE describe pods):" >&2
    k get pods -o wide >&2
    k get events --sort-by=.lastTimestamp 2>/dev/null | tail -n 5 >&2
    exit 1
  fi
  sleep 1
done

ask() { # FROM_ADDRESS HOST PORT: let the pod at FROM_ADDRESS call another; it resolves the name itself
  curl -fsS --max-time 10 "http://$1:8080/dial?host=$2&port=$3&request=hostname&protocol=http&tries=1" 2>&1
}
prove() { # WHAT FROM_ADDRESS HOST PORT
  until answer=$(ask "$2" "$3" "$4") && case $answer in *'"responses":['*) true ;; *) false ;; esac; do
    if late; then
      echo "$1: no answer within $TIMEOUT s: $answer" >&2
      exit 1
    fi
    sleep 1
  done
}
# Kubelet tells of each pull by an event, which names the image and the time it took. On a busy node it comes later
# than the pod is ready, or never: it is waited for a while, for all pods together, and proves nothing by itself.
told_of_pulls() {
  k get events --field-selector reason=Pulled -o jsonpath='{range .items[*]}{.involvedObject.name}|{.message}{"\n"}{end}'
}
pull_of() { # POD
  echo "$pulls" | sed -n "s/^$1|//p" | sed -n 1p
}
all_told() {
  while read -r _ _ pod; do
    [ -n "$(pull_of "$pod")" ] || return 1
  done <<END
$pods
END
}
tries=20
until pulls=$(told_of_pulls) && all_told || [ "$tries" -le 0 ]; do
  tries=$((tries - 1))
  sleep 1
done

lines=
while read -r worker from pod; do
  pulled=$(pull_of "$pod")
  pulled=${pulled:-no event told of its pull}
  prove "$worker resolves $SERVICE" "$from" "$SERVICE" 80
  peers=
  while read -r other address _; do
    [ "$other" != "$worker" ] || continue
    prove "$worker reaches the pod on $other" "$from" "$address" 8080
    peers="$peers $other"
  done <<END
$pods
END
  lines="$lines$worker|$pod|$from|$pulled|$SERVICE|${peers# }
"
  echo "$worker: pod $pod at $from; $pulled; resolved $SERVICE; talked to the pod on:$peers"
done <<END
$pods
END
k create configmap proof --from-literal=fingerprint="$FINGERPRINT" --from-literal=at="$(date -u +%FT%TZ)" \
  --from-literal=proof="$lines" --dry-run=client -o yaml | k apply -f - >/dev/null
