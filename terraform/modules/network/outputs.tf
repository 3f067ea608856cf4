output "network_id" {
  description = "the nodes' network"
  value       = local.network_id
}

output "subnet_id" {
  description = "the subnet of cidr"
  value       = local.subnet_id
}

output "cidr" {
  description = "address range of the nodes"
  value       = var.cidr
}

output "nodes_group_id" {
  description = "security group of every node"
  value       = openstack_networking_secgroup_v2.nodes.id
}

output "control_plane_group_id" {
  description = "security group of control planes, besides that of every node"
  value       = openstack_networking_secgroup_v2.control_plane.id
}

output "ways_out" {
  description = "router interfaces; floating IPs can be used once they exist"
  value       = openstack_networking_router_interface_v2.this[*].id
}
