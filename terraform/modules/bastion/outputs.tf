output "public_address" {
  description = "floating IP: ssh -J ACCOUNT@ADDRESS"
  value       = openstack_networking_floatingip_v2.this.address
}

output "address" {
  description = "its address in the nodes' network"
  value       = openstack_networking_port_v2.this.all_fixed_ips[0]
}
