# Words that looking and acting have in common.
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
SIXTEENTHS='1 2 3 4 5 6 7 8 9 10 11 12 13 14 15'
samples() { # DEVICE SIZE: bytes from its beginning, its end, and fifteen places between
  dd if="$1" bs=1M count=1
  dd if="$1" bs=1M count=1 skip=$(($2 / 1048576 - 1))
  for n in $SIXTEENTHS; do dd if="$1" bs=4096 count=1 skip=$(($2 * n / 65536)); done
}
written() { # DEVICE: 0 when all samples are zero, 1 when not, nothing when they cannot all be read
  bytes=$(blockdev --getsize64 "$1" 2>/dev/null) || return 0
  [ "$bytes" -ge 4194304 ] || return 0
  [ "$(samples "$1" "$bytes" 2>/dev/null | wc -c)" -eq 2158592 ] || return 0
  samples "$1" "$bytes" 2>/dev/null | tr -d '\000' | head -c 1 | wc -c
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
