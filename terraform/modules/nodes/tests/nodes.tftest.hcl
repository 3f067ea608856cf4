mock_provider "openstack" {}

variables {
  name       = "gpu"
  network_id = "11111111-1111-1111-1111-111111111111"
  subnet_id  = "22222222-2222-2222-2222-222222222222"
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ you@example.org"

  groups = {
    control_planes = {
      role   = "control_plane"
      class  = "small"
      flavor = "m1.large"
      image  = "debian-12"
      spread = "soft-anti-affinity"
      nodes  = { os-c1 = "192.168.60.11" }
    }
    workers = {
      role        = "worker"
      class       = "large"
      flavor      = "g1"
      image       = "debian-12"
      boot_volume = { size = 40, type = "ssd" }
      volumes     = { imagefs = { size = 100 }, scratch = { size = 200 } }
      nodes       = { os-w1 = "192.168.60.101", os-w2 = "192.168.60.102" }
    }
  }
}

run "every_machine_and_disk_is_kept_under_its_name" {
  command = plan

  assert {
    condition     = keys(openstack_compute_instance_v2.node) == ["os-c1", "os-w1", "os-w2"]
    error_message = "machines by name"
  }

  assert {
    condition     = keys(openstack_blockstorage_volume_v3.data) == ["os-w1/imagefs", "os-w1/scratch", "os-w2/imagefs", "os-w2/scratch"]
    error_message = "disks by node and use"
  }

  assert {
    condition     = openstack_networking_port_v2.node["os-w2"].fixed_ip[0].ip_address == "192.168.60.102"
    error_message = "addresses are fixed"
  }
}

run "a_boot_volume_goes_with_its_machine_and_data_stays" {
  command = plan

  assert {
    condition     = openstack_compute_instance_v2.node["os-w1"].block_device[0].delete_on_termination
    error_message = "no orphan is left of a system disk"
  }

  assert {
    condition     = length(openstack_compute_instance_v2.node["os-c1"].block_device) == 0
    error_message = "without a boot volume the image is booted"
  }
}

run "only_those_who_are_spread_get_a_server_group" {
  command = plan

  assert {
    condition     = keys(openstack_compute_servergroup_v2.spread) == ["control_planes"]
    error_message = "one group"
  }
}

run "two_machines_of_one_name_are_refused" {
  command = plan

  variables {
    groups = {
      a = { role = "worker", class = "x", flavor = "f", image = "i", nodes = { os-w1 = "192.168.60.101" } }
      b = { role = "worker", class = "x", flavor = "f", image = "i", nodes = { os-w1 = "192.168.60.102" } }
    }
  }

  expect_failures = [var.groups]
}

run "two_machines_of_one_address_are_refused" {
  command = plan

  variables {
    groups = {
      a = { role = "worker", class = "x", flavor = "f", image = "i", nodes = { os-w1 = "192.168.60.101", os-w2 = "192.168.60.101" } }
    }
  }

  expect_failures = [var.groups]
}

run "a_private_key_is_refused" {
  command = plan

  variables {
    public_key = "-----BEGIN OPENSSH PRIVATE KEY-----"
  }

  expect_failures = [var.public_key]
}
