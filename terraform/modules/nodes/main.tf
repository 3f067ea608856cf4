# The machines. Everything of a node is kept under its name, so that adding or removing one touches no other;
# a node that gets another name is told by a `moved` block in the configuration that calls this module.

locals {
  # name of the node => its group's words and its own address
  nodes = merge([
    for group_name, group in var.groups : {
      for name, address in group.nodes : name => merge(group, { group = group_name, address = address })
    }
  ]...)

  # name/use => one disk
  disks = merge([
    for name, node in local.nodes : { for use, volume in node.volumes : "${name}/${use}" => merge(volume, { node = name, use = use }) }
  ]...)

  # No more than pyinfra needs: an account and a key. The rest is the site's.
  user_data = join("\n", ["#cloud-config", yamlencode({
    ssh_pwauth = false
    users = [{
      name                = var.account
      sudo                = "ALL=(ALL) NOPASSWD:ALL"
      shell               = "/bin/bash"
      lock_passwd         = true
      ssh_authorized_keys = [trimspace(var.public_key)]
    }]
  })])
}

data "openstack_images_image_v2" "node" {
  for_each = toset([for group in values(var.groups) : group.image])

  name        = each.key
  most_recent = true
}

resource "openstack_compute_keypair_v2" "this" {
  name       = var.name
  public_key = trimspace(var.public_key)
}

resource "openstack_compute_servergroup_v2" "spread" {
  for_each = { for name, group in var.groups : name => group.spread if group.spread != null }

  name     = "${var.name}-${each.key}"
  policies = [each.value]
}

resource "openstack_networking_port_v2" "node" {
  for_each = local.nodes

  name               = each.key
  network_id         = var.network_id
  security_group_ids = each.value.role == "control_plane" ? setunion(var.security_group_ids, var.control_plane_group_ids) : var.security_group_ids
  tags               = var.tags

  fixed_ip {
    subnet_id  = var.subnet_id
    ip_address = each.value.address
  }

  dynamic "allowed_address_pairs" {
    for_each = var.further_addresses

    content {
      ip_address = allowed_address_pairs.value
    }
  }
}

resource "openstack_compute_instance_v2" "node" {
  for_each = local.nodes

  name              = each.key
  flavor_name       = each.value.flavor
  image_id          = each.value.boot_volume == null ? data.openstack_images_image_v2.node[each.value.image].id : null
  key_pair          = openstack_compute_keypair_v2.this.name
  config_drive      = true
  user_data         = local.user_data
  availability_zone = each.value.availability_zone
  metadata          = merge({ nightfleet = var.name, role = each.value.role }, each.value.metadata)
  tags              = var.tags

  network {
    port = openstack_networking_port_v2.node[each.key].id
  }

  dynamic "block_device" {
    for_each = each.value.boot_volume == null ? [] : [each.value.boot_volume]

    content {
      uuid                  = data.openstack_images_image_v2.node[each.value.image].id
      source_type           = "image"
      destination_type      = "volume"
      boot_index            = 0
      volume_size           = block_device.value.size
      volume_type           = block_device.value.type
      delete_on_termination = true # the system only; data has volumes of its own
    }
  }

  dynamic "scheduler_hints" {
    for_each = each.value.spread != null || each.value.reservation != null ? [each.value] : []

    content {
      group                 = scheduler_hints.value.spread == null ? null : openstack_compute_servergroup_v2.spread[scheduler_hints.value.group].id
      additional_properties = scheduler_hints.value.reservation == null ? null : { reservation = scheduler_hints.value.reservation }
    }
  }

  lifecycle {
    # Another key, account or placement is for machines to come: each of them would replace every machine that is.
    # The image stays out of the list: a new one is a rebuild, which the guard takes node by node.
    ignore_changes = [key_pair, user_data, scheduler_hints, config_drive]
  }
}

resource "openstack_blockstorage_volume_v3" "data" {
  for_each = local.disks

  name                 = "${each.value.node}-${each.value.use}"
  size                 = each.value.size
  volume_type          = each.value.type
  availability_zone    = local.nodes[each.value.node].availability_zone
  enable_online_resize = true # else an attached volume cannot grow
  metadata             = { nightfleet = var.name, node = each.value.node, use = each.value.use }
}

resource "openstack_compute_volume_attach_v2" "data" {
  for_each = local.disks

  instance_id = openstack_compute_instance_v2.node[each.value.node].id
  volume_id   = openstack_blockstorage_volume_v3.data[each.key].id
}
