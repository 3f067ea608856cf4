# Bags (RFC 8493) on a host: which there are, which are whole, which may go. Sourced by backup.sh and receive.sh.
STAMP='[0-9]{8}T[0-9]{6}Z'

bags() { # DIRECTORY: names, newest first
  # shellcheck disable=SC2010 # names are checked by the pattern
  ls -1 "$1" 2>/dev/null | grep -E "^$STAMP-[a-z0-9.-]+\$" | sort -r || true
}

filled() { # BAG: what a restore needs is there: of what was never written no sum is wrong
  [ -s "$1/data/etcd.db.age" ] && [ -s "$1/data/pki.tar.age" ] && [ -s "$1/data/etcd-members.json" ]
}

whole() { # BAG: every file is what its manifest says, and the manifests are what theirs says
  [ -f "$1/tagmanifest-sha256.txt" ] && [ -f "$1/manifest-sha256.txt" ] && filled "$1" || return 1
  (cd "$1" && sha256sum --status --strict -c tagmanifest-sha256.txt manifest-sha256.txt)
}

plausible() { # BAG: the sizes are right, and the manifests are what theirs says; reads no large file
  [ -f "$1/tagmanifest-sha256.txt" ] && filled "$1" &&
    (cd "$1" && sha256sum --status --strict -c tagmanifest-sha256.txt) &&
    [ "$(sed -n 's/^Payload-Oxum: //p' "$1/bag-info.txt")" = "$(oxum "$1")" ]
}

oxum() { # BAG: bytes.files of its payload
  find "$1/data" -type f -printf '%s\n' | awk '{ bytes += $1 } END { printf "%d.%d", bytes, NR }'
}

gone() { # BAG: away, and never half there under its name
  away="$(dirname "$1")/.gone.$(basename "$1")"
  mv -T "$1" "$away" && rm -rf "$away"
}

prune() { # DIRECTORY KEEP: the newest KEEP that are whole stay; what is broken counts for nothing
  kept=0
  for bag in $(bags "$1"); do
    if [ "$kept" -ge "$2" ]; then
      gone "$1/$bag"
    elif whole "$1/$bag"; then
      kept=$((kept + 1))
    else
      echo "$bag is damaged: it does not count as a backup" >&2
    fi
  done
}

seal() { # BAG: write what says that data/ is whole
  (
    cd "$1" &&
      find data -type f -print0 | sort -z | xargs -0 sha256sum >manifest-sha256.txt &&
      printf 'BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n' >bagit.txt &&
      echo "Payload-Oxum: $(oxum .)" >>bag-info.txt &&
      sha256sum bag-info.txt bagit.txt manifest-sha256.txt >tagmanifest-sha256.txt
  )
}
