mock_provider "openstack" {}

variables {
  external_network = "public"
  image            = "debian-12"
  flavors          = { control_plane = "m1.large", registry = "m1.large", worker = "g1", bastion = "m1.tiny" }
  admin_cidrs      = { office = "203.0.113.0/24" }
  public_key       = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ you@example.org"
  reserved_workers = { gpu = { os-w03 = "192.168.60.103" }, cpu = { os-w04 = "192.168.60.104" } }
}

run "only_those_who_stand_on_a_lease_get_its_flavor" {
  command = plan

  variables {
    leases = { gpu = { reservation = "r1" }, cpu = { flavor = "reservation:r2" } }
  }

  assert {
    condition     = { for name, node in output.nightfleet.nodes : name => node.role if node.role == "worker" } == { os-w01 = "worker", os-w02 = "worker", os-w03 = "worker", os-w04 = "worker" }
    error_message = "workers with and without a lease"
  }

  assert {
    condition     = local.reserved["workers-cpu"].flavor == "reservation:r2" && local.reserved["workers-cpu"].reservation == null
    error_message = "instances of a reservation have its flavor"
  }

  assert {
    condition     = local.reserved["workers-gpu"].flavor == "g1" && local.reserved["workers-gpu"].reservation == "r1"
    error_message = "machines on reserved hosts have a hint"
  }

  assert {
    condition     = local.workers.flavor == "g1"
    error_message = "the others keep their flavor"
  }
}

run "without_its_lease_a_worker_is_like_all_others" {
  command = plan

  assert {
    condition     = local.reserved["workers-cpu"].flavor == "g1" && local.reserved["workers-cpu"].reservation == null
    error_message = "no lease is told"
  }
}

run "a_kind_of_api_that_is_none_is_refused" {
  command = plan

  variables {
    api = "metallb"
  }

  expect_failures = [var.api]
}
