"""What a converge does not do with disks: look at many nodes, erase with consent, move a live node's data.

survey.py asks, erase.py carries one consent out, layout.py converges, moving.py moves a live node; decisions
are in nightfleet.disks and in move.py.
"""
