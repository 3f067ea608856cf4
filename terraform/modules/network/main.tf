# One network of the cluster, its way out, and who may reach whom.

locals {
  new = var.existing_network == null

  network_id = local.new ? openstack_networking_network_v2.this[0].id : data.openstack_networking_network_v2.existing[0].id
  subnet_id  = local.new ? openstack_networking_subnet_v2.this[0].id : data.openstack_networking_subnet_v2.existing[0].id

  ssh = { for name, cidr in var.admin_cidrs : "ssh-${name}" => { protocol = "tcp", from = 22, to = 22, cidr = cidr } }
  api = { for name, cidr in var.api_cidrs : "api-${name}" => { protocol = "tcp", from = var.api_port, to = var.api_port, cidr = cidr } }
}

resource "openstack_networking_network_v2" "this" {
  count = local.new ? 1 : 0

  name = var.name
  mtu  = var.mtu
  tags = var.tags
}

resource "openstack_networking_subnet_v2" "this" {
  count = local.new ? 1 : 0

  name            = var.name
  network_id      = openstack_networking_network_v2.this[0].id
  cidr            = var.cidr
  ip_version      = 4
  dns_nameservers = var.dns_servers
  tags            = var.tags

  dynamic "allocation_pool" {
    for_each = length(var.pool) == 2 ? [var.pool] : []

    content {
      start = allocation_pool.value[0]
      end   = allocation_pool.value[1]
    }
  }
}

data "openstack_networking_network_v2" "existing" {
  count = local.new ? 0 : 1

  name = var.existing_network
}

data "openstack_networking_subnet_v2" "existing" {
  count = local.new ? 0 : 1

  network_id = data.openstack_networking_network_v2.existing[0].id
  cidr       = var.cidr
}

data "openstack_networking_network_v2" "external" {
  count = var.external_network == null ? 0 : 1

  name     = var.external_network
  external = true
}

# An existing network has its router already.
resource "openstack_networking_router_v2" "this" {
  count = local.new && var.external_network != null ? 1 : 0

  name                = var.name
  external_network_id = data.openstack_networking_network_v2.external[0].id
  tags                = var.tags
}

resource "openstack_networking_router_interface_v2" "this" {
  count = local.new && var.external_network != null ? 1 : 0

  router_id = openstack_networking_router_v2.this[0].id
  subnet_id = openstack_networking_subnet_v2.this[0].id
}

resource "openstack_networking_secgroup_v2" "nodes" {
  name                 = "${var.name}-nodes"
  description          = "every node of the cluster"
  delete_default_rules = true # the cloud's own egress rules; ours below are named
  tags                 = var.tags
}

resource "openstack_networking_secgroup_v2" "control_plane" {
  name                 = "${var.name}-control-plane"
  description          = "who may reach the Kubernetes API"
  delete_default_rules = true
  tags                 = var.tags
}

resource "openstack_networking_secgroup_rule_v2" "out" {
  description       = "out: everywhere"
  direction         = "egress"
  ethertype         = "IPv4"
  remote_ip_prefix  = "0.0.0.0/0"
  security_group_id = openstack_networking_secgroup_v2.nodes.id
}

# By address and not by group: pods keep their own addresses under some CNIs, and a group knows only ports.
resource "openstack_networking_secgroup_rule_v2" "among" {
  description       = "among: nodes of one cluster"
  direction         = "ingress"
  ethertype         = "IPv4"
  remote_ip_prefix  = var.cidr
  security_group_id = openstack_networking_secgroup_v2.nodes.id
}

resource "openstack_networking_secgroup_rule_v2" "nodes" {
  for_each = merge(local.ssh, var.rules)

  description       = each.key
  direction         = "ingress"
  ethertype         = "IPv4"
  protocol          = each.value.protocol
  port_range_min    = each.value.from
  port_range_max    = each.value.to
  remote_ip_prefix  = each.value.cidr
  security_group_id = openstack_networking_secgroup_v2.nodes.id
}

resource "openstack_networking_secgroup_rule_v2" "control_plane" {
  for_each = local.api

  description       = each.key
  direction         = "ingress"
  ethertype         = "IPv4"
  protocol          = each.value.protocol
  port_range_min    = each.value.from
  port_range_max    = each.value.to
  remote_ip_prefix  = each.value.cidr
  security_group_id = openstack_networking_secgroup_v2.control_plane.id
}
