#!/bin/sh
# try.sh PEER URL...: does every name resolve, every source answer, and a packet of the interface's size reach PEER?
# One line for each try: kind, what, why not; with tabs between. Changes nothing, ends within half a minute.
peer=$1
shift

say() { printf '%s\t%s\t%s\n' "$1" "$2" "$3"; }

# Only the connection: a mirror's 404 for / is an answer.
reach() {
    host=$(printf '%s' "$1" | sed -E 's#^[a-z]+://([^/:]+).*#\1#')
    port=$(printf '%s' "$1" | sed -nE 's#^[a-z]+://[^/:]+:([0-9]+).*#\1#p')
    case $1 in https:*) port=${port:-443} ;; *) port=${port:-80} ;; esac
    if ! getent ahostsv4 "$host" >/dev/null 2>&1; then
        say name "$host" 'no address'
        say source "$1" 'its name does not resolve'
        return
    fi
    say name "$host" ''
    if why=$(timeout 10 bash -c "exec 3<>/dev/tcp/$host/$port" 2>&1); then
        say source "$1" ''
    elif [ -n "$why" ]; then
        say source "$1" "port $port is refused, or there is no way to it"
    else
        say source "$1" 'no answer within 10 s'
    fi
}

# Debian's package sources are whatever this machine was told: deb lines and deb822 files.
mirrors() {
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
        grep -v '^#' | grep -Eo 'https?://[^ /]+/' | sort -u
}

for url in "$@" $(mirrors); do
    reach "$url" &
done

device=$(ip -4 -o route get "$peer" 2>/dev/null | sed -nE 's/.* dev ([^ ]+).*/\1/p')
if [ -n "$device" ] && [ "$device" != lo ] && command -v ping >/dev/null; then
    # 28: the headers of IPv4 and ICMP around what ping sends
    mtu=$(cat "/sys/class/net/$device/mtu")
    if ping -q -c 1 -W 2 "$peer" >/dev/null 2>&1; then
        if ping -q -c 2 -W 2 -M "do" -s $((mtu - 28)) "$peer" >/dev/null 2>&1; then
            say path "$peer" ''
        else
            say path "$peer" "$mtu bytes from $device are lost, small ones are not"
        fi
    fi
fi
wait
