"""A running cluster, spoken to: its API server, its etcd, and its machines over ssh. Knows no operation.

ssh       commands on nodes: one shared connection each, host keys as strict as in a converge
api       the API server, by the operator's kubeconfig
nodes     nodes as values; cordon and uncordon, remembering whose doing it was
drain     which pods leave a node (pure), and seeing them off within the limits of their budgets
etcd      members and health; which step would lose quorum (pure)
"""
