from nightfleet.lab.sysctls import names, to_restore


def test_the_keys_of_a_sysctl_file_are_read_as_paths() -> None:
    text = """\
# kernel.comment = 1
; vm.comment = 1
kernel.panic = 10
-fs.protected_fifos=1
vm/overcommit_memory = 1
net.ipv4.conf.enp3s0/200.forwarding = 1
net.ipv4.ip_forward
"""
    assert names(text) == {
        "kernel/panic",
        "fs/protected_fifos",
        "vm/overcommit_memory",
        "net/ipv4/conf/enp3s0.200/forwarding",
    }


def test_only_what_hosts_set_is_put_back() -> None:
    before = {"kernel/panic": "0", "vm/swappiness": "60"}
    assert to_restore(before, {"kernel/panic", "kernel/unknown"}) == {"kernel/panic": "0"}
