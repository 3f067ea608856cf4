mock_provider "openstack" {}

variables {
  name             = "gpu"
  cidr             = "192.168.60.0/24"
  external_network = "public"
  admin_cidrs      = { office = "203.0.113.0/24" }
  api_cidrs        = { office = "203.0.113.0/24", campus = "198.51.100.0/24" }
}

run "a_new_network_has_a_router_to_the_outside" {
  command = plan

  assert {
    condition     = length(openstack_networking_router_interface_v2.this) == 1
    error_message = "a new network has a way out"
  }

  assert {
    condition     = keys(openstack_networking_secgroup_rule_v2.control_plane) == ["api-campus", "api-office"]
    error_message = "rules are named after who they are for"
  }

  assert {
    condition     = openstack_networking_secgroup_rule_v2.nodes["ssh-office"].port_range_max == 22
    error_message = "sshd is open for those who administer"
  }
}

run "an_existing_network_is_used_as_it_is" {
  command = plan

  variables {
    existing_network = "project-net"
  }

  assert {
    condition     = length(openstack_networking_network_v2.this) + length(openstack_networking_router_v2.this) == 0
    error_message = "nothing is made beside what exists"
  }
}

run "a_range_that_is_none_is_refused" {
  command = plan

  variables {
    cidr = "192.168.60.0"
  }

  expect_failures = [var.cidr]
}

run "a_protocol_that_is_none_is_refused" {
  command = plan

  variables {
    rules = { web = { protocol = "http", from = 80, to = 80, cidr = "0.0.0.0/0" } }
  }

  expect_failures = [var.rules]
}
