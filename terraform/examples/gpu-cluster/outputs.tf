output "nightfleet" {
  description = "what the site is made of; read by nightfleet, schema 1"
  value = {
    schema         = 1
    name           = var.name
    network        = module.network.cidr
    endpoint       = module.endpoint.endpoint
    public_address = module.endpoint.public_address
    nodes          = module.nodes.nodes
    shares         = module.share.shares
  }
}

output "bastion" {
  description = "the way in"
  value       = module.bastion.public_address
}
