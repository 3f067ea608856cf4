# Words that looking and acting have in common.
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
SIXTEENTHS='1 2 3 4 5 6 7 8 9 10 11 12 13 14 15'
samples() { # DEVICE SIZE [HEAD TAIL]: bytes from its beginning and its end, less so many, and fifteen places between
  dd if="$1" bs=1M count=1 | tail -c +$((${3:-0} + 1))
  dd if="$1" bs=1M count=1 skip=$(($2 / 1048576 - 1)) | head -c -"${4:-0}"
  for n in $SIXTEENTHS; do dd if="$1" bs=4096 count=1 skip=$(($2 * n / 65536)); done
}
# A table is written from its end to its beginning, and is none before its last sector is there. GPT takes six sectors of 4096
# bytes at the beginning and five at the end (fewer of 512); names in it are UTF-16.
HEAD=24576 TAIL=20480
cut_off() { # DEVICE SIZE: nothing is on it but a table of ours of which no partition was given out
  names=$({
    dd if="$1" bs=$HEAD count=1
    dd if="$1" bs=$TAIL count=1 iflag=skip_bytes skip=$(($2 - TAIL))
  } 2>/dev/null | tr -d '\000' | grep -aoE 'nightfleet-[a-z]*(-new)?') || return 1
  ! printf '%s\n' "$names" | grep -qv -e '-new$' || return 1
  behind=$(($2 % 1048576)) # bytes of the end that no sample has
  tail=$((TAIL > behind ? TAIL - behind : 0))
  [ "$(samples "$1" "$2" $HEAD $tail 2>/dev/null | tr -d '\000' | head -c 1 | wc -c)" = 0 ]
}
signatures() { # DEVICE: what wipefs knows, a line each; a table of ours that was cut off counts as nothing
  types=$(wipefs --no-act --noheadings --output TYPE "$1" 2>/dev/null) || return
  case $types in
    gpt | "gpt
gpt") ! cut_off "$1" "$(blockdev --getsize64 "$1")" || return 0 ;;
  esac
  [ -z "$types" ] || printf '%s\n' "$types"
}
written() { # DEVICE: 0 when all samples are zero, 1 when not, nothing when they cannot all be read
  bytes=$(blockdev --getsize64 "$1" 2>/dev/null) || return 0
  [ "$bytes" -ge 4194304 ] || return 0
  [ "$(samples "$1" "$bytes" 2>/dev/null | wc -c)" -eq 2158592 ] || return 0
  if cut_off "$1" "$bytes"; then echo 0; else samples "$1" "$bytes" 2>/dev/null | tr -d '\000' | head -c 1 | wc -c; fi
}
zeroed() { # DEVICE: zeros where samples are taken; what is called so was proven to be empty, or given up
  bytes=$(blockdev --getsize64 "$1")
  {
    dd if=/dev/zero of="$1" bs=1M count=1 conv=notrunc
    dd if=/dev/zero of="$1" bs=1M count=1 seek=$((bytes / 1048576 - 1)) conv=notrunc
    for n in $SIXTEENTHS; do dd if=/dev/zero of="$1" bs=4096 count=1 seek=$((bytes * n / 65536)) conv=notrunc; done
  } 2>/dev/null
  blockdev --flushbufs "$1"
}
