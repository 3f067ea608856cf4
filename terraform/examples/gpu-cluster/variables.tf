variable "cloud" {
  description = "entry of clouds.yaml; null: the OS_* variables"
  type        = string
  default     = null
}

variable "name" {
  description = "name of the cluster, prefix of what has no other name"
  type        = string
  default     = "gpu"
}

variable "cidr" {
  description = "address range of the nodes"
  type        = string
  default     = "192.168.60.0/24"
}

variable "existing_network" {
  description = "name of a network of the project to use instead of a new one"
  type        = string
  default     = null
}

variable "external_network" {
  description = "name of the cloud's external network"
  type        = string
}

variable "dns_servers" {
  description = "resolvers handed out by DHCP; none: the cloud's own"
  type        = list(string)
  default     = []
}

variable "image" {
  description = "name of the image of the nodes: Debian 12 with cloud-init"
  type        = string
}

variable "flavors" {
  description = "names of flavors: control_plane, registry, worker, bastion"
  type        = object({ control_plane = string, registry = string, worker = string, bastion = string })
}

variable "control_planes" {
  description = "control planes: name = fixed address; one, three or five"
  type        = map(string)
  default     = { os-c1 = "192.168.60.11", os-c2 = "192.168.60.12", os-c3 = "192.168.60.13" }

  validation {
    condition     = contains([1, 3, 5], length(var.control_planes))
    error_message = "control_planes are ${jsonencode(keys(var.control_planes))}; one, three or five keep a majority."
  }
}

variable "registry" {
  description = "the registry: name = fixed address"
  type        = map(string)
  default     = { os-registry = "192.168.60.20" }
}

variable "workers" {
  description = "workers with a GPU: name = fixed address"
  type        = map(string)
  default     = { os-w01 = "192.168.60.101", os-w02 = "192.168.60.102" }
}

variable "boot_volume" {
  description = "GiB of a boot volume and its type, for clouds whose flavors have no disk; null: boot from the image"
  type        = object({ size = number, type = optional(string) })
  default     = null
}

variable "volumes" {
  description = "disks of each worker by their use, sizes in GiB"
  type        = map(object({ size = number, type = optional(string) }))
  default     = { imagefs = { size = 100 }, scratch = { size = 200 } }
}

variable "spread" {
  description = "control planes on different hosts: soft-anti-affinity, anti-affinity, or null"
  type        = string
  default     = "soft-anti-affinity"
}

variable "reserved_workers" {
  description = "further workers that stand on leases: the lease's name (cloud.leases.reserve) = { name = fixed address }"
  type        = map(map(string))
  default     = {}
}

variable "leases" {
  description = "reservations of leases by name; `nightfleet cloud leases create` writes them to lease.auto.tfvars.json"
  type        = map(object({ reservation = optional(string), flavor = optional(string) }))
  default     = {}
}

variable "api" {
  description = "where the API is reached: octavia; virtual on clouds without it; single: the first control plane, with no other"
  type        = string
  default     = "octavia"

  validation {
    condition     = contains(["octavia", "virtual", "single"], var.api)
    error_message = "api is \"${var.api}\"; octavia, virtual or single."
  }
}

variable "api_address" {
  description = "fixed address of the API in the network"
  type        = string
  default     = "192.168.60.5"
}

variable "api_public" {
  description = "give the API a floating IP"
  type        = bool
  default     = false
}

variable "pods_cidr" {
  description = "the site's network.pods, only with cni: routed; null: pods hide behind their node"
  type        = string
  default     = null
}

variable "shares" {
  description = "Manila shares; none on clouds without Manila"
  type = map(object({
    protocol = string
    size     = number
    type     = optional(string)
    access   = optional(map(object({ to = string, level = optional(string, "rw") })), {})
  }))
  default = {}
}

variable "share_servers" {
  description = "the cloud puts share servers into the project's network (driver_handles_share_servers)"
  type        = bool
  default     = false
}

variable "admin_cidrs" {
  description = "who may reach the bastion's sshd and the API, by name"
  type        = map(string)
}

variable "public_key" {
  description = "public key that may log in"
  type        = string
}
