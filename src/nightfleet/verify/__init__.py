"""Checks of the outcome, on the hosts, by another way than the deploy used. See docs/verify.md."""
