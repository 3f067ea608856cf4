#!/usr/bin/env bash
# The cluster of bench/site, by hand: the same steps and artifacts as deploys/fleet.py, as one would write
# them for three known hosts. Hosts work side by side over shared ssh connections; each has one long script.
# It knows blank hosts only: run again, or on hosts that are further, it fails. bench/cluster.py times it.
#
#   by_hand.sh SSH_CONFIG ARTIFACTS IMAGES
#
# ARTIFACTS: lines `name sha256 path`; IMAGES: lines `repository:tag sha256 path`, both as the depot serves them.
set -euo pipefail
ssh_config=$1
artifacts=$(<"$2")
images=$(<"$3")

first=bench-c1
first_address=10.95.0.11
workers=(bench-w1 bench-w2)
depot=http://10.95.0.1:8477
pods=10.94.0.0/16
services=10.93.0.0/16
kubernetes=v1.36.3

sockets=$(mktemp -d)
cleanup() {
    for socket in "$sockets"/*; do
        ssh -o ControlPath="$socket" -O exit any 2>/dev/null || true
    done
    rm -rf "$sockets"
}
trap cleanup EXIT

on() { # HOST FUNCTION ARGUMENTS...: run a function of this file there
    local host=$1
    shift
    {
        declare -p artifacts images first first_address depot pods services kubernetes
        declare -f
        printf '%q ' "$@"
    } | ssh -F "$ssh_config" -o ControlMaster=auto -o ControlPath="$sockets/%n" -o ControlPersist=60 \
        "$host" bash -euo pipefail -s
}

# ---------------------------------------------------------------- what runs on the hosts

machine() { # NAME PACKAGES...
    local name=$1
    shift
    mkdir -p /etc/systemd/system/chrony.service.d /etc/sysusers.d
    printf '[Unit]\nConditionCapability=\n[Service]\nExecStart=\nExecStart=!/usr/sbin/chronyd -x -F 1\n' \
        >/etc/systemd/system/chrony.service.d/bench.conf
    ln -sf /dev/null /etc/systemd/system/docker-registry.service
    local packages=(ca-certificates chrony curl iproute2 kmod nftables procps sudo tzdata conntrack ethtool
        iptables socat "$@")
    export DEBIAN_FRONTEND=noninteractive SYSTEMD_OFFLINE=1
    apt-get install -qq -y --no-install-recommends "${packages[@]}" >/dev/null 2>&1 || {
        apt-get update -qq # only for lists that are too old, as nightfleet does it
        apt-get install -qq -y --no-install-recommends "${packages[@]}" >/dev/null
    }
    unset SYSTEMD_OFFLINE

    echo "$name" >/etc/hostname
    hostname "$name"
    echo Etc/UTC >/etc/timezone
    ln -sf /usr/share/zoneinfo/Etc/UTC /etc/localtime
    echo LANG=C.UTF-8 >/etc/default/locale
    cat >>/etc/hosts <<END
10.95.0.11 bench-c1.bench.nightfleet.internal bench-c1
10.95.0.21 bench-w1.bench.nightfleet.internal bench-w1
10.95.0.22 bench-w2.bench.nightfleet.internal bench-w2
END
    printf 'br_netfilter\noverlay\n' >/etc/modules-load.d/bench.conf
    cat >/etc/sysctl.d/90-bench.conf <<END
net.bridge.bridge-nf-call-ip6tables = 1
net.bridge.bridge-nf-call-iptables = 1
net.ipv4.ip_forward = 1
END
    [ -d /proc/sys/net/bridge ] || modprobe br_netfilter
    grep -qw overlay /proc/filesystems || modprobe overlay
    sysctl -q -p /etc/sysctl.d/90-bench.conf
    if [ "$name" = "$first" ]; then
        printf 'local stratum 10\nallow 10.95.0.0/24\n' >/etc/chrony/conf.d/bench.conf
    else
        printf 'server %s iburst\nmakestep 1 3\n' "$first_address" >/etc/chrony/conf.d/bench.conf
    fi
    echo 'u bench - "automation" /var/lib/bench /bin/sh' >/etc/sysusers.d/bench.conf
    systemd-sysusers /etc/sysusers.d/bench.conf
    echo 'bench ALL=(root) NOPASSWD: /usr/sbin/nft list ruleset' >/etc/sudoers.d/bench
    chmod 440 /etc/sudoers.d/bench
    systemctl daemon-reload
    systemctl enable --quiet --now chrony
}

binaries() {
    mkdir -p /opt/cni/bin
    while read -r name sha256 path; do
        curl -fsSo "/var/tmp/$name" "$depot/$path"
        echo "$sha256  /var/tmp/$name" | sha256sum --check --quiet
        case $name in
            containerd) tar -xzf /var/tmp/containerd -C /usr/local ;;
            cni-plugins) tar -xzf /var/tmp/cni-plugins -C /opt/cni/bin ;;
            *) install -m 755 "/var/tmp/$name" "/usr/local/bin/$name" ;;
        esac
        rm "/var/tmp/$name"
    done <<<"$artifacts"
}

runtime() {
    mkdir -p /etc/containerd/certs.d/{registry.k8s.io,mirror.nightfleet.internal}
    cat >/etc/containerd/config.toml <<END
version = 3
[plugins.'io.containerd.cri.v1.images']
  max_concurrent_downloads = 4
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "registry.k8s.io/pause:3.10.2"
[plugins.'io.containerd.cri.v1.images'.registry]
  config_path = "/etc/containerd/certs.d"
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ["/opt/cni/bin"]
  conf_dir = "/etc/cni/net.d"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  SystemdCgroup = true
END
    cat >/etc/containerd/certs.d/registry.k8s.io/hosts.toml <<END
server = "https://registry.k8s.io"
[host."http://$first_address:5000/v2/registry.k8s.io"]
  capabilities = ["pull", "resolve"]
  override_path = true
END
    cat >/etc/containerd/certs.d/mirror.nightfleet.internal/hosts.toml <<END
server = "https://mirror.nightfleet.internal"
[host."http://$first_address:5001/v2"]
  capabilities = ["pull", "resolve"]
  override_path = true
END
    cat >/etc/systemd/system/containerd.service <<END
[Unit]
After=network.target local-fs.target
[Service]
ExecStart=/usr/local/bin/containerd
Type=notify
Delegate=yes
KillMode=process
Restart=always
TasksMax=infinity
OOMScoreAdjust=-999
[Install]
WantedBy=multi-user.target
END
    systemctl enable --quiet --now containerd
}

registry() {
    mkdir -p /etc/bench
    local name port
    for name in push:5000 mirror:5001; do
        port=${name#*:} name=${name%:*}
        cat >"/etc/bench/$name.yml" <<END
version: 0.1
storage:
  filesystem: {rootdirectory: /var/lib/registry/$name}
  delete: {enabled: true}
http: {addr: ":$port"}
END
        install -d -o docker-registry -g docker-registry -m 750 "/var/lib/registry/$name"
    done
    echo 'proxy: {remoteurl: "http://127.0.0.1:5000"}' >>/etc/bench/mirror.yml
    cat >/etc/systemd/system/registry@.service <<END
[Unit]
After=network.target
[Service]
User=docker-registry
ExecStart=/usr/bin/docker-registry serve /etc/bench/%i.yml
Restart=always
[Install]
WantedBy=multi-user.target
END
    systemctl enable --quiet --now registry@push registry@mirror
    curl -fs --retry 30 --retry-connrefused --retry-delay 1 -o /dev/null http://127.0.0.1:5000/v2/
    export depot
    export -f push
    echo "$images" | xargs -P 2 -L 1 bash -euo pipefail -c 'push "$@"' push
}

push() { # REPOSITORY:TAG SHA256 PATH
    local file
    file=$(mktemp -p /var/tmp)
    curl -fsSo "$file" "$depot/$3"
    echo "$2  $file" | sha256sum --check --quiet
    skopeo copy --quiet --preserve-digests --dest-tls-verify=false "oci-archive:$file" "docker://127.0.0.1:5000/$1"
    rm "$file"
}

network() { # LAST BYTE OF THE ADDRESS
    mkdir -p /etc/cni/net.d /etc/bench
    cat >/etc/cni/net.d/10-bench.conflist <<END
{"cniVersion": "1.0.0", "name": "bench", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": false, "hairpinMode": true,
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.94.$1.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "backend": "nftables", "capabilities": {"portMappings": true}}]}
END
    for other in 11 21 22; do
        [ "$other" = "$1" ] || echo "route replace 10.94.$other.0/24 via 10.95.0.$other"
    done >/etc/bench/routes
    cat >/etc/bench/pods.nft <<END
table ip bench-pods {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr $pods ip daddr != $pods masquerade
  }
}
END
    cat >/etc/systemd/system/bench-routes.service <<END
[Unit]
After=network-online.target
Before=kubelet.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/sbin/ip -batch /etc/bench/routes
ExecStart=/usr/sbin/nft -f /etc/bench/pods.nft
[Install]
WantedBy=multi-user.target
END
    systemctl enable --quiet --now bench-routes
}

kubelet_files() { # NAME ADDRESS
    mkdir -p /etc/systemd/system/kubelet.service.d /etc/kubernetes/kubelet.d
    cat >/etc/systemd/system/kubelet.service <<END
[Unit]
After=network-online.target containerd.service
[Service]
ExecStart=/usr/local/bin/kubelet
Restart=always
RestartSec=5
[Install]
WantedBy=multi-user.target
END
    cat >/etc/systemd/system/kubelet.service.d/10-kubeadm.conf <<END
[Unit]
ConditionPathExists=/var/lib/kubelet/config.yaml
[Service]
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
ExecStart=
ExecStart=/usr/local/bin/kubelet --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf --config=/var/lib/kubelet/config.yaml --config-dir=/etc/kubernetes/kubelet.d \$KUBELET_KUBEADM_ARGS --node-ip=$2 --hostname-override=$1
END
    cat >/etc/kubernetes/kubelet.d/90-bench.conf <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cgroupDriver: systemd
failSwapOn: false
failCgroupV1: false
systemReserved: {cpu: 50m, memory: 64Mi}
evictionHard: {memory.available: 200Mi, nodefs.available: 10%, nodefs.inodesFree: 5%, imagefs.available: 15%, imagefs.inodesFree: 5%}
imageGCHighThresholdPercent: 80
imageGCLowThresholdPercent: 70
serializeImagePulls: false
maxParallelImagePulls: 3
END
    systemctl enable --quiet kubelet
}

init() {
    cat >/etc/kubernetes/init.yaml <<END
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: {advertiseAddress: $first_address}
nodeRegistration: {name: $first, criSocket: "unix:///run/containerd/containerd.sock", imagePullSerial: false}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: $kubernetes
controlPlaneEndpoint: $first_address:6443
networking: {serviceSubnet: $services, dnsDomain: cluster.local}
dns: {imageTag: v1.14.3}
etcd: {local: {dataDir: /var/lib/etcd, imageTag: 3.6.8-0}}
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cgroupDriver: systemd
failCgroupV1: false
failSwapOn: false
---
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
conntrack: {maxPerCore: 0}
detectLocalMode: BridgeInterface
detectLocal: {bridgeInterface: cni0}
END
    kubeadm init --config /etc/kubernetes/init.yaml --skip-token-print \
        --ignore-preflight-errors=SystemVerification,Swap,NumCPU,Mem >/var/log/kubeadm.log
    kubeadm token create --ttl 15m --print-join-command
}

join() { # NAME JOIN_COMMAND...
    local name=$1
    shift
    "$@" --node-name "$name" --cri-socket unix:///run/containerd/containerd.sock \
        --ignore-preflight-errors=SystemVerification,Swap,NumCPU,Mem >/var/log/kubeadm.log
}

prove() { # WORKERS...
    export KUBECONFIG=/etc/kubernetes/admin.conf
    local worker other address from
    kubectl wait --for=create --timeout=60s "${@/#/node/}" >/dev/null # kubelet may be late to register
    for worker in "$@"; do
        kubectl label node "$worker" node-role.kubernetes.io/worker= nightfleet/class=host >/dev/null
    done
    kubectl label node "$first" nightfleet/class=host >/dev/null
    kubectl wait --for=condition=Ready --timeout=180s nodes --all >/dev/null
    kubectl apply -f - >/dev/null <<END
apiVersion: v1
kind: Namespace
metadata: {name: smoke}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: smoke, namespace: smoke}
spec:
  selector: {matchLabels: {app: smoke}}
  template:
    metadata: {labels: {app: smoke}}
    spec:
      automountServiceAccountToken: false
      nodeSelector: {node-role.kubernetes.io/worker: ""}
      securityContext: {runAsNonRoot: true, runAsUser: 65534, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: server
          image: registry.k8s.io/e2e-test-images/agnhost:2.63.0
          imagePullPolicy: Always
          args: [netexec, --http-port=8080]
          securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
          readinessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: smoke, namespace: smoke}
spec: {selector: {app: smoke}, ports: [{port: 80, targetPort: 8080}]}
END
    kubectl -n smoke rollout status daemonset/smoke --timeout=180s >/dev/null
    kubectl -n smoke get pods -o jsonpath='{range .items[*]}{.spec.nodeName} {.status.podIP}{"\n"}{end}' >/run/smoke
    while read -r worker from; do
        until_answered "$from" smoke.smoke.svc.cluster.local 80
        while read -r other address; do
            [ "$other" = "$worker" ] || until_answered "$from" "$address" 8080
        done </run/smoke
        echo "$worker: its pod resolved the Service and talked to the pod on the other worker"
    done </run/smoke
}

until_answered() { # FROM HOST PORT
    for _ in $(seq 60); do
        if curl -fsS --max-time 10 "http://$1:8080/dial?host=$2&port=$3&request=hostname&protocol=http&tries=1" |
            grep -q '"responses":\['; then
            return
        fi
        sleep 1
    done
    return 1
}

prepare() { # NAME LAST_BYTE
    if [ "$1" = "$first" ]; then machine "$1" docker-registry skopeo; else machine "$1"; fi
    binaries
    runtime
    network "$2"
    kubelet_files "$1" "10.95.0.$2"
}

first_control_plane() {
    prepare "$first" 11 >&2
    registry >&2
    init
}

# ---------------------------------------------------------------- what runs here

on bench-w1 prepare bench-w1 21 &
one=$!
on bench-w2 prepare bench-w2 22 &
two=$!
ticket=$(on "$first" first_control_plane)
wait "$one"
wait "$two"

read -ra command <<<"$ticket"
joining=()
for worker in "${workers[@]}"; do
    on "$worker" join "$worker" "${command[@]}" &
    joining+=($!)
done
for each in "${joining[@]}"; do wait "$each"; done
on "$first" prove "${workers[@]}"
