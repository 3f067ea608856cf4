# Functions that put artifacts in place; the calls follow below.
set -eu
umask 022

fetch() { # FOLDER SHA256 KIND NAME URL...: download, check, unpack into FOLDER
  folder=$1 sha256=$2 kind=$3 name=$4
  shift 4
  part=${folder%/*}/.$sha256.part
  mkdir -p "${folder%/*}"
  for url in "$@"; do
    # an interrupted download is continued; should that end in other bytes, it begins once more from nothing
    if [ -e "$part" ] && download -C - && is_right; then
      unpack
      return
    fi
    rm -f "$part"
    if ! download; then
      echo "$name: $url: $said" >&2
    elif is_right; then
      unpack
      return
    else
      rm -f "$part"
      echo "$name: $url does not have the locked sha256 $sha256; it was removed" >&2
    fi
  done
  echo "$name: no source could give it; run 'nightfleet depot fetch', and see that 'nightfleet depot serve' runs" >&2
  exit 1
}

download() { # CURL_OPTIONS...: url into part; what curl complains of is kept in $said
  said=$(curl -fsSL --connect-timeout 10 --retry 2 "$@" -o "$part" "$url" 2>&1)
}

is_right() {
  echo "$sha256  $part" | sha256sum -c --status
}

unpack() { # into a folder beside the final one, then rename: a killed run leaves no half artifact
  find "${folder%/*}" -maxdepth 1 -name "${folder##*/}.??????" -mmin +60 -exec rm -rf {} + # of killed runs
  stage=$(mktemp -d "$folder.XXXXXX")
  if [ "$kind" = tar.gz ]; then
    tar -xzf "$part" --no-same-owner -C "$stage"
  else
    install -m 755 "$part" "$stage/$name"
  fi
  chmod 755 "$stage"
  sync -f "$stage"
  mv -T "$stage" "$folder" 2>/dev/null || { rm -rf "$stage"; [ -d "$folder" ]; }
  rm -f "$part"
}

link() { # TARGET PATH: switch by rename
  mkdir -p "$(dirname "$2")"
  ln -sn "$1" "$2.new$$"
  mv -fT "$2.new$$" "$2"
}
