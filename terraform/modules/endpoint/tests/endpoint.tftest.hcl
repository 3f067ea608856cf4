mock_provider "openstack" {}

variables {
  name           = "gpu-api"
  kind           = "octavia"
  network_id     = "11111111-1111-1111-1111-111111111111"
  subnet_id      = "22222222-2222-2222-2222-222222222222"
  control_planes = { os-c1 = "192.168.60.11", os-c2 = "192.168.60.12", os-c3 = "192.168.60.13" }
  ports          = { os-c1 = "33333333-3333-3333-3333-333333333333" }
}

run "a_load_balancer_has_every_control_plane" {
  command = plan

  assert {
    condition     = keys(openstack_lb_member_v2.api) == ["os-c1", "os-c2", "os-c3"]
    error_message = "members by name"
  }
}

run "who_may_reach_it_is_said_to_the_load_balancer" {
  command = plan

  variables {
    allowed_cidrs = ["203.0.113.0/24", "192.168.60.0/24", "192.168.60.0/24"]
  }

  assert {
    condition     = openstack_lb_listener_v2.api[0].allowed_cidrs == tolist(["192.168.60.0/24", "203.0.113.0/24"])
    error_message = "each range once, in an order that stays"
  }
}

run "who_may_reach_it_is_an_ipv4_range" {
  command = plan

  variables {
    allowed_cidrs = ["office"]
  }

  expect_failures = [var.allowed_cidrs]
}

run "a_shared_address_needs_no_load_balancer" {
  command = plan

  variables {
    kind    = "virtual"
    address = "192.168.60.5"
    port    = 8443
  }

  assert {
    condition     = length(openstack_lb_loadbalancer_v2.this) == 0 && output.endpoint == "192.168.60.5:8443"
    error_message = "the address is kept by a port"
  }
}

run "a_shared_address_must_be_said" {
  command = plan

  variables {
    kind = "virtual"
  }

  expect_failures = [openstack_networking_port_v2.virtual]
}

run "a_single_control_plane_is_its_own_endpoint" {
  command = plan

  variables {
    kind             = "single"
    external_network = "public"
  }

  assert {
    condition     = output.endpoint == "192.168.60.11:6443" && length(openstack_networking_floatingip_associate_v2.this) == 1
    error_message = "its own address, and a floating IP on its port"
  }
}

run "a_kind_that_is_none_is_refused" {
  command = plan

  variables {
    kind = "metallb"
  }

  expect_failures = [var.kind]
}
