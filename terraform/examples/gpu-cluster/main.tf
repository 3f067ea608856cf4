# The whole cluster: network, control planes, registry, GPU workers with disks, API, shares, a way in.

locals {
  api_port = var.api == "virtual" ? 8443 : 6443

  workers = {
    role        = "worker"
    class       = "large"
    flavor      = var.flavors.worker
    image       = var.image
    boot_volume = var.boot_volume
    volumes     = var.volumes
    nodes       = var.workers
  }

  # Workers on a lease are groups of their own: by its flavor if it is one of instances, by a hint if one of hosts.
  reserved = {
    for lease, nodes in var.reserved_workers : "workers-${lease}" => merge(local.workers, {
      flavor      = try(coalesce(var.leases[lease].flavor), var.flavors.worker)
      reservation = try(var.leases[lease].reservation, null)
      metadata    = { lease = lease } # Blazar deletes the machines of a lease that ends: who they are can be asked then
      nodes       = nodes
    })
  }
}

module "network" {
  source = "../../modules/network"

  name             = var.name
  cidr             = var.cidr
  existing_network = var.existing_network
  external_network = var.external_network
  dns_servers      = var.dns_servers
  pool             = [cidrhost(var.cidr, 200), cidrhost(var.cidr, 250)]
  api_cidrs        = var.admin_cidrs
  api_port         = local.api_port
}

module "nodes" {
  source = "../../modules/nodes"

  name                    = var.name
  network_id              = module.network.network_id
  subnet_id               = module.network.subnet_id
  security_group_ids      = [module.network.nodes_group_id]
  control_plane_group_ids = [module.network.control_plane_group_id]
  further_addresses       = toset(concat(var.api == "virtual" ? [var.api_address] : [], var.pods_cidr == null ? [] : [var.pods_cidr]))
  public_key              = var.public_key

  groups = merge({
    control_planes = {
      role        = "control_plane"
      class       = "small"
      flavor      = var.flavors.control_plane
      image       = var.image
      boot_volume = var.boot_volume
      spread      = var.spread
      nodes       = var.control_planes
    }
    registry = {
      role        = "registry"
      class       = "small"
      flavor      = var.flavors.registry
      image       = var.image
      boot_volume = var.boot_volume
      nodes       = var.registry
    }
    workers = local.workers
  }, local.reserved)
}

module "endpoint" {
  source = "../../modules/endpoint"

  name             = "${var.name}-api"
  kind             = var.api
  address          = var.api_address
  network_id       = module.network.network_id
  subnet_id        = module.network.subnet_id
  control_planes   = module.nodes.control_planes
  ports            = module.nodes.ports
  port             = local.api_port
  allowed_cidrs    = concat([var.cidr], var.pods_cidr == null ? [] : [var.pods_cidr], values(var.admin_cidrs))
  external_network = var.api_public ? var.external_network : null

  depends_on = [module.network] # a floating IP needs the router's interface
}

module "share" {
  source = "../../modules/share"

  name          = var.name
  shares        = var.shares
  share_network = var.share_servers ? { network_id = module.network.network_id, subnet_id = module.network.subnet_id } : null
}

module "bastion" {
  source = "../../modules/bastion"

  name             = "${var.name}-bastion"
  flavor           = var.flavors.bastion
  image            = var.image
  boot_volume      = var.boot_volume
  network_id       = module.network.network_id
  subnet_id        = module.network.subnet_id
  external_network = var.external_network
  admin_cidrs      = var.admin_cidrs
  public_key       = var.public_key

  depends_on = [module.network] # a floating IP needs the router's interface
}
