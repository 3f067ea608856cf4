"""Disks: what a machine has, what a layout makes of it, what kubelet must know. Pure; acting is elsewhere.

look.py asks and reads, blank.py judges, plan.py decides, steps.py says and writes, eviction.py computes.
"""
