mock_provider "openstack" {}

variables {
  name = "gpu"
  shares = {
    home = { protocol = "NFS", size = 10, access = { nodes = { to = "192.168.60.0/24" } } }
    sets = { protocol = "CEPHFS", size = 20, access = { ml = { to = "ml", level = "ro" } } }
  }
}

run "each_protocol_has_its_own_kind_of_access" {
  command = plan

  assert {
    condition = (
      openstack_sharedfilesystem_share_access_v2.this["home/nodes"].access_type == "ip" &&
      openstack_sharedfilesystem_share_access_v2.this["sets/ml"].access_type == "cephx"
    )
    error_message = "ip for NFS, cephx for CephFS"
  }
}

run "an_nfs_client_is_an_address" {
  command = plan

  variables {
    shares = { home = { protocol = "NFS", size = 10, access = { nodes = { to = "everybody" } } } }
  }

  expect_failures = [var.shares]
}

run "no_share_is_made_unasked" {
  command = plan

  variables {
    shares = {}
  }

  assert {
    condition     = length(openstack_sharedfilesystem_share_v2.this) == 0
    error_message = "none"
  }
}
