"""New versions of Kubernetes, containerd and runc for a running cluster, node by node, under load.

observed  what a cluster and its hosts are, as values, and how their answers read   (pure)
observe   asks for all of it
wish      the site's versions against the running ones                              (pure)
guards    what speaks against an upgrade, each reason with its way out              (pure)
plan      from site, observation and ledger to steps in their order                 (pure)
events    what is told while it runs
report    what came of it, node by node, and the exit code                          (pure)
store     reports on disk; html: the same for people
snapshot  a copy of etcd before anything is touched
member    one node: cordon, drain, new software, Ready, uncordon
run       the steps, one after another, each written into the ledger
"""
