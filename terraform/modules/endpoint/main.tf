# Where the Kubernetes API is reached: a load balancer, a shared address, or the only control plane.

locals {
  first   = sort(keys(var.control_planes))[0]
  balance = var.kind == "octavia"
  shared  = var.kind == "virtual"

  address = (
    local.balance ? openstack_lb_loadbalancer_v2.this[0].vip_address :
    local.shared ? var.address : var.control_planes[local.first]
  )
  port_id = (
    local.balance ? openstack_lb_loadbalancer_v2.this[0].vip_port_id :
    local.shared ? openstack_networking_port_v2.virtual[0].id : lookup(var.ports, local.first, null)
  )
}

resource "openstack_lb_loadbalancer_v2" "this" {
  count = local.balance ? 1 : 0

  name          = var.name
  vip_subnet_id = var.subnet_id
  vip_address   = var.address
  tags          = var.tags
}

# Octavia keeps the ranges as a set and tells them in any order, the provider compares lists: every plan would change
# them. So their order is not looked at, and other ranges make the listener anew.
resource "terraform_data" "allowed_cidrs" {
  count = local.balance ? 1 : 0

  input = sort(distinct(var.allowed_cidrs))
}

resource "openstack_lb_listener_v2" "api" {
  count = local.balance ? 1 : 0

  name            = "${var.name}-api"
  loadbalancer_id = openstack_lb_loadbalancer_v2.this[0].id
  protocol        = "TCP"
  protocol_port   = var.port
  default_pool_id = openstack_lb_pool_v2.control_planes[0].id
  allowed_cidrs   = length(var.allowed_cidrs) == 0 ? null : sort(distinct(var.allowed_cidrs))

  # `kubectl logs -f` and watches are quiet for minutes
  timeout_client_data = 600000
  timeout_member_data = 600000

  lifecycle {
    ignore_changes       = [allowed_cidrs]
    replace_triggered_by = [terraform_data.allowed_cidrs[0]]
  }
}

# Of the load balancer and not of the listener, which may be made anew without it.
resource "openstack_lb_pool_v2" "control_planes" {
  count = local.balance ? 1 : 0

  name            = "${var.name}-api"
  loadbalancer_id = openstack_lb_loadbalancer_v2.this[0].id
  protocol        = "TCP"
  lb_method       = "ROUND_ROBIN"
}

resource "openstack_lb_member_v2" "api" {
  for_each = local.balance ? var.control_planes : {}

  name          = each.key
  pool_id       = openstack_lb_pool_v2.control_planes[0].id
  subnet_id     = var.subnet_id
  address       = each.value
  protocol_port = 6443
}

resource "openstack_lb_monitor_v2" "api" {
  count = local.balance ? 1 : 0

  name        = "${var.name}-api"
  pool_id     = openstack_lb_pool_v2.control_planes[0].id
  type        = "TCP"
  delay       = 5
  timeout     = 4
  max_retries = 3
}

# Keeps the address from being given to anybody else. No machine is plugged in here: the one that holds the address
# answers for it, which its own port allows (nodes: further_addresses).
resource "openstack_networking_port_v2" "virtual" {
  count = local.shared ? 1 : 0

  name           = var.name
  network_id     = var.network_id
  admin_state_up = true
  tags           = var.tags

  fixed_ip {
    subnet_id  = var.subnet_id
    ip_address = var.address
  }

  lifecycle {
    precondition {
      condition     = var.address != null
      error_message = "kind is \"virtual\" and address is null; the site's endpoint.virtual_address is needed."
    }
  }
}

resource "openstack_networking_floatingip_v2" "this" {
  count = var.external_network == null ? 0 : 1

  pool        = var.external_network
  description = "the Kubernetes API of ${var.name}"
  tags        = var.tags
}

resource "openstack_networking_floatingip_associate_v2" "this" {
  count = length(openstack_networking_floatingip_v2.this)

  floating_ip = openstack_networking_floatingip_v2.this[0].address
  port_id     = local.port_id
}
