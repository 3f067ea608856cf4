"""The lab: real hosts in systemd-nspawn on this machine. See docs/lab.md."""
