# The way in: one small machine with a floating IP, reached by ssh from named ranges only.

data "openstack_images_image_v2" "this" {
  name        = var.image
  most_recent = true
}

resource "openstack_networking_secgroup_v2" "this" {
  name                 = var.name
  description          = "the way in by ssh"
  delete_default_rules = true
  tags                 = var.tags
}

resource "openstack_networking_secgroup_rule_v2" "out" {
  description       = "out: everywhere"
  direction         = "egress"
  ethertype         = "IPv4"
  remote_ip_prefix  = "0.0.0.0/0"
  security_group_id = openstack_networking_secgroup_v2.this.id
}

resource "openstack_networking_secgroup_rule_v2" "ssh" {
  for_each = var.admin_cidrs

  description       = "ssh-${each.key}"
  direction         = "ingress"
  ethertype         = "IPv4"
  protocol          = "tcp"
  port_range_min    = 22
  port_range_max    = 22
  remote_ip_prefix  = each.value
  security_group_id = openstack_networking_secgroup_v2.this.id
}

resource "openstack_networking_port_v2" "this" {
  name               = var.name
  network_id         = var.network_id
  security_group_ids = [openstack_networking_secgroup_v2.this.id]
  tags               = var.tags

  fixed_ip {
    subnet_id  = var.subnet_id
    ip_address = var.address
  }
}

resource "openstack_compute_instance_v2" "this" {
  name         = var.name
  flavor_name  = var.flavor
  image_id     = var.boot_volume == null ? data.openstack_images_image_v2.this.id : null
  config_drive = true
  tags         = var.tags

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

  network {
    port = openstack_networking_port_v2.this.id
  }

  dynamic "block_device" {
    for_each = var.boot_volume == null ? [] : [var.boot_volume]

    content {
      uuid                  = data.openstack_images_image_v2.this.id
      source_type           = "image"
      destination_type      = "volume"
      boot_index            = 0
      volume_size           = block_device.value.size
      volume_type           = block_device.value.type
      delete_on_termination = true
    }
  }

  lifecycle {
    ignore_changes = [image_id, block_device, user_data, config_drive] # replaced when somebody wants it, not when an image is new
  }
}

resource "openstack_networking_floatingip_v2" "this" {
  pool        = var.external_network
  description = "the way in: ${var.name}"
  tags        = var.tags
}

resource "openstack_networking_floatingip_associate_v2" "this" {
  floating_ip = openstack_networking_floatingip_v2.this.address
  port_id     = openstack_networking_port_v2.this.id

  depends_on = [openstack_compute_instance_v2.this]
}
