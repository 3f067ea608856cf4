output "nodes" {
  description = "every machine by its name, as nightfleet reads it; waits until the disks are attached"
  value = {
    for name, node in local.nodes : name => {
      role        = node.role
      class       = node.class
      address     = openstack_networking_port_v2.node[name].all_fixed_ips[0]
      instance_id = openstack_compute_instance_v2.node[name].id
      volumes = {
        for use, volume in node.volumes : use => {
          id   = openstack_compute_volume_attach_v2.data["${name}/${use}"].volume_id
          size = volume.size
        }
      }
    }
  }
}

output "ports" {
  description = "port of every machine by its name"
  value       = { for name, port in openstack_networking_port_v2.node : name => port.id }
}

output "control_planes" {
  description = "addresses of the control planes by name"
  value       = { for name, node in local.nodes : name => node.address if node.role == "control_plane" }
}
