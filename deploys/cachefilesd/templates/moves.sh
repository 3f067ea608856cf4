# moves PLACE: read one file anew, and say whether the counters of the cache saw it: moved or unmoved; unread where nobody
# knows: there is no file, or none that leaves memory and that nobody writes, or no answer in time. Whoever waits for a server
# that is away may not even die: nobody waits for him longer than a moment.
counters() { grep -Es "^($1) *:" "${STATS:-/proc/fs/fscache/stats}"; }
used='Retrvls|Stores|NoSpace|IO' # move only where a cache is bound: the others do without one as well
read_anew() { # PLACE
  timeout -k 1 10 find "$1/." -xdev -maxdepth 4 -type f -size +0 -readable | head -n 3 | while IFS= read -r file; do
    timeout -k 1 10 dd if="$file" of=/dev/null iflag=nocache count=0 || continue # it leaves memory: dd(1)
    case $(timeout -k 1 10 fincore --noheadings --output PAGES "$file" | tr -d ' ') in 0 | '') ;; *) continue ;; esac
    before=$(counters "$used") || continue
    written=$(counters Invals)
    timeout -k 1 20 dd if="$file" of=/dev/null bs=64k count=1 || continue
    for _ in 1 2 3 4 5; do # the cache writes behind
      [ "$(counters "$used")" = "$before" ] || { echo moved && break 2; }
      sleep 0.3
    done
    [ "$(counters Invals)" != "$written" ] || echo unmoved # a file that somebody writes is not cached
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
