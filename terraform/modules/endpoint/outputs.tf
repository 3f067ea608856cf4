output "address" {
  description = "where nodes reach the API"
  value       = local.address
}

output "endpoint" {
  description = "host:port, the site's kubernetes.endpoint"
  value       = local.address == null ? null : "${local.address}:${var.port}"
}

output "public_address" {
  description = "floating IP, null without one"
  value       = one(openstack_networking_floatingip_v2.this[*].address)
}
