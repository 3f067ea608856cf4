"""Nodes that come and go: leaving without a trace, reboots, replacements, certificates.

fingerprint   what a machine is, and how two such records differ      (pure)
volatile      what may differ without anybody's doing, and why        (pure)
leave         which steps a leave has, or why it is refused           (pure)
leaving       a leave carried out; proof takes the fingerprint again
reboot        which nodes reboot together, or why not                 (pure)
rebooting     waves of reboots carried out
replace       another machine under a lost node's name
renewal       certificates of control planes, one at a time
watched       what all of them look at first: nodes, etcd, the window
"""
