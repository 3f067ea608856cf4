# One control plane and workers on a network of their own. The Heat template beside it (heat/small.yaml) makes the same.

module "network" {
  source = "../../modules/network"

  name             = var.name
  cidr             = var.cidr
  pool             = [cidrhost(var.cidr, 200), cidrhost(var.cidr, 250)]
  external_network = var.external_network
  admin_cidrs      = var.admin_cidrs
  api_cidrs        = var.admin_cidrs
}

module "nodes" {
  source = "../../modules/nodes"

  name                    = var.name
  network_id              = module.network.network_id
  subnet_id               = module.network.subnet_id
  security_group_ids      = [module.network.nodes_group_id]
  control_plane_group_ids = [module.network.control_plane_group_id]
  public_key              = var.public_key

  groups = {
    control_planes = {
      role   = "control_plane"
      class  = "small"
      flavor = var.flavor
      image  = var.image
      nodes  = { "${var.name}-c1" = cidrhost(var.cidr, 11) }
    }
    workers = {
      role    = "worker"
      class   = "small"
      flavor  = var.flavor
      image   = var.image
      nodes   = var.workers
      volumes = { imagefs = { size = var.disk, type = var.volume_type } }
    }
  }
}

module "endpoint" {
  source = "../../modules/endpoint"

  name             = var.name
  kind             = "single"
  network_id       = module.network.network_id
  subnet_id        = module.network.subnet_id
  control_planes   = module.nodes.control_planes
  ports            = module.nodes.ports
  external_network = var.external_network

  depends_on = [module.network] # a floating IP needs the router's interface
}
