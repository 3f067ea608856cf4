#!/bin/sh
# Keep copies of one control plane's backups: all that its key may do here, whatever it asks for (authorized_keys).
# Arguments: NODE KEEP. It asks `list`, or `take NAME` with a tar of that bag on standard input.
set -eu
umask 077
# shellcheck source=deploys/backup/templates/bag.sh
. /usr/local/lib/nightfleet/bag.sh
node=$1 keep=$2 shelf="$HOME/$1"

take() { # NAME
  echo "$1" | grep -qxE "$STAMP-$node" || { echo "$1 is no backup of $node" >&2; exit 1; }
  [ ! -e "$shelf/$1" ] || { cat >/dev/null; return; }
  find "$shelf" -maxdepth 1 -name '.taking.*' -mmin +180 -exec rm -rf {} + # of a sender that went away
  work=$(mktemp -d "$shelf/.taking.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  tar -xf - --no-same-owner -C "$work" "$1"
  [ -z "$(find "$work" ! -type f ! -type d)" ] || { echo "$1 holds more than files" >&2; exit 1; }
  whole "$work/$1" || { echo "$1 did not arrive whole" >&2; exit 1; }
  mv -T "$work/$1" "$shelf/$1"
  prune "$shelf" "$keep"
}

mkdir -p "$shelf"
# shellcheck disable=SC2086 # its words
set -- ${SSH_ORIGINAL_COMMAND-}
case "${1-}" in
  list) bags "$shelf" ;;
  take) take "${2-}" ;;
  *)
    echo "list, or take NAME" >&2
    exit 1
    ;;
esac
