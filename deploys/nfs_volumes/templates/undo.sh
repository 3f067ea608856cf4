# The cluster's objects stay in the cluster: volumes point to data of others.
rm -rf /etc/nightfleet/nfs_volumes
folder /etc/nightfleet
true
