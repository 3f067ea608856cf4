mock_provider "openstack" {}

variables {
  name             = "gpu-bastion"
  flavor           = "m1.tiny"
  image            = "debian-12"
  network_id       = "11111111-1111-1111-1111-111111111111"
  subnet_id        = "22222222-2222-2222-2222-222222222222"
  external_network = "public"
  admin_cidrs      = { office = "203.0.113.0/24" }
  public_key       = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ you@example.org"
}

run "only_named_ranges_reach_it" {
  command = plan

  assert {
    condition     = keys(openstack_networking_secgroup_rule_v2.ssh) == ["office"]
    error_message = "one rule"
  }
}

run "the_whole_internet_is_refused" {
  command = plan

  variables {
    admin_cidrs = { all = "0.0.0.0/0" }
  }

  expect_failures = [var.admin_cidrs]
}

run "a_flavor_without_a_disk_boots_from_a_volume" {
  command = plan

  variables {
    boot_volume = { size = 10, type = "ssd" }
  }

  assert {
    condition     = openstack_compute_instance_v2.this.block_device[0].volume_size == 10
    error_message = "a volume of 10 GiB"
  }
}

run "an_empty_boot_volume_is_refused" {
  command = plan

  variables {
    boot_volume = { size = 0 }
  }

  expect_failures = [var.boot_volume]
}
