"""A cluster's machines on OpenStack: Terraform with a guard before it, leases, volume backups.

The recipes are under terraform/ and work without this package. What it adds is what Terraform does not know:
which node has work on it, what a project may still use, and the site that the machines become.
"""
