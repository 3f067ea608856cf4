"""Care for what lies in volumes: bags (RFC 8493) of folders on nodes, copies in a bucket, who uses how much.

place     NODE:PATH, as people write it
volume    where on which node a volume of Kubernetes lies
tree      what lies in a folder of a node, as values
manifest  the lines of a bag that say what is whole
bagging   a folder becomes a bag on this machine, file by file; killed, it goes on
bucket    a bag becomes objects, checked where they lie
usage     files and bytes of each tenant
"""
