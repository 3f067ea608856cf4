# The module registers nothing in /proc before it is loaded; a kernel that has it built in has the folder.
if [ -d /proc/fs/fscache ] || modprobe -n -q cachefiles 2>/dev/null; then echo cachefiles; fi
echo "kernel $(uname -r)"
at=/var/cache/fscache
[ -d $at ] || at=/var/cache
findmnt -n -r -o FSTYPE,TARGET --target $at | tail -n 1 | sed 's/^/cache /'
grep -E ' - (nfs4?|ceph) ' /proc/self/mountinfo
true
