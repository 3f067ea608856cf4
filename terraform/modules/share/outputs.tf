output "shares" {
  description = "every share by its name: protocol, size in GiB, the paths where it is mounted from; no keys"
  value = {
    for name, share in openstack_sharedfilesystem_share_v2.this : name => {
      id       = share.id
      protocol = share.share_proto
      size     = share.size
      paths    = [for location in share.export_locations : location.path]
    }
  }
}
