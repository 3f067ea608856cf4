# moves PLACE: read one file anew, and say whether the counters of the cache saw it: moved or unmoved; unread where nobody
# knows, since there is no file, none that leaves memory, or no answer in time. Whoever waits for a server that is away may
# not even die: nobody waits for him longer than a moment.
counters() { grep -Es '^(Acquire|Retrvls|Stores|NoSpace|IO) *:' "${STATS:-/proc/fs/fscache/stats}"; } # of those by the cache alone
read_anew() { # PLACE
  timeout -k 1 10 find "$1/." -xdev -maxdepth 4 -type f -size +0 -readable | head -n 3 | while IFS= read -r file; do
    timeout -k 1 10 dd if="$file" of=/dev/null iflag=nocache count=0 || continue # it leaves memory: dd(1)
    case $(timeout -k 1 10 fincore --noheadings --output PAGES "$file" | tr -d ' ') in 0 | '') ;; *) continue ;; esac
    before=$(counters) || continue
    timeout -k 1 20 dd if="$file" of=/dev/null bs=64k count=1 || continue
    for _ in 1 2 3 4 5; do # the cache writes behind
      [ "$(counters)" = "$before" ] || { echo moved && break 2; }
      sleep 0.3
    done
    echo unmoved
  done
}
moves() { # PLACE
  said=$(mktemp)
  (read_anew "$1") >"$said" 2>/dev/null </dev/null &
  child=$! waited=0
  while kill -0 $child 2>/dev/null && [ $waited -lt 400 ]; do
    sleep 0.1
    waited=$((waited + 1))
  done
  { cat "$said" && echo unread; } | sort | head -n 1
  rm -f "$said"
}
