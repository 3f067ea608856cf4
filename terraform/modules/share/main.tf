# Shared file systems of Manila. cephx keys are in Terraform's state in clear: keep the state where secrets are kept.

locals {
  access_types = { CEPHFS = "cephx", NFS = "ip" }

  # share/rule => one access rule
  rules = merge([
    for name, share in var.shares : {
      for rule_name, rule in share.access : "${name}/${rule_name}" => merge(rule, { share = name, type = local.access_types[share.protocol] })
    }
  ]...)
}

resource "openstack_sharedfilesystem_sharenetwork_v2" "this" {
  count = var.share_network == null ? 0 : 1

  name              = var.name
  neutron_net_id    = var.share_network.network_id
  neutron_subnet_id = var.share_network.subnet_id
}

resource "openstack_sharedfilesystem_share_v2" "this" {
  for_each = var.shares

  name             = "${var.name}-${each.key}"
  share_proto      = each.value.protocol
  size             = each.value.size
  share_type       = each.value.type
  share_network_id = one(openstack_sharedfilesystem_sharenetwork_v2.this[*].id)
}

resource "openstack_sharedfilesystem_share_access_v2" "this" {
  for_each = local.rules

  share_id     = openstack_sharedfilesystem_share_v2.this[each.value.share].id
  access_type  = each.value.type
  access_to    = each.value.to
  access_level = each.value.level
}
