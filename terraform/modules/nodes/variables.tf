variable "name" {
  description = "prefix of what does not carry a node's own name: key pair, server groups"
  type        = string
}

variable "groups" {
  description = <<-TEXT
    Machines that are alike, by a name of your choice. `nodes` are the machines themselves: name = fixed address.
    `image` and `flavor` are names; a reservation of instances is used by its flavor, one of hosts by `reservation`.
    `volumes` are further disks of each node by their use (imagefs, scratch, storage), sizes in GiB.
  TEXT
  type = map(object({
    role              = string
    class             = string
    flavor            = string
    image             = string
    nodes             = map(string)
    boot_volume       = optional(object({ size = number, type = optional(string) }))
    volumes           = optional(map(object({ size = number, type = optional(string) })), {})
    spread            = optional(string)
    availability_zone = optional(string)
    reservation       = optional(string)
    metadata          = optional(map(string), {})
  }))

  validation {
    condition     = alltrue([for group in values(var.groups) : contains(["control_plane", "worker", "registry"], group.role)])
    error_message = "roles are ${jsonencode({ for name, group in var.groups : name => group.role })}; control_plane, worker or registry."
  }

  validation {
    condition = alltrue(flatten([
      for group in values(var.groups) : [for name in keys(group.nodes) : can(regex("^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$", name))]
    ]))
    error_message = "nodes are ${jsonencode(flatten([for group in values(var.groups) : keys(group.nodes)]))}; a name has lower-case letters, digits and '-' inside, at most 63."
  }

  validation {
    condition = length(distinct(flatten([for group in values(var.groups) : keys(group.nodes)]))) == length(
      flatten([for group in values(var.groups) : keys(group.nodes)])
    )
    error_message = "nodes are ${jsonencode(flatten([for group in values(var.groups) : keys(group.nodes)]))}; every machine has a name of its own."
  }

  validation {
    condition = length(distinct(flatten([for group in values(var.groups) : values(group.nodes)]))) == length(
      flatten([for group in values(var.groups) : values(group.nodes)])
    )
    error_message = "addresses are ${jsonencode(flatten([for group in values(var.groups) : values(group.nodes)]))}; every machine has an address of its own."
  }

  validation {
    condition = alltrue([
      for group in values(var.groups) : group.spread == null ? true : contains(["anti-affinity", "soft-anti-affinity"], group.spread)
    ])
    error_message = "spread is ${jsonencode({ for name, group in var.groups : name => group.spread })}; anti-affinity (a node that finds no host of its own fails), soft-anti-affinity, or null."
  }

  validation {
    condition = alltrue(flatten([
      for group in values(var.groups) : [for volume in values(group.volumes) : volume.size >= 1 && floor(volume.size) == volume.size]
    ]))
    error_message = "sizes of volumes are ${jsonencode({ for name, group in var.groups : name => { for use, volume in group.volumes : use => volume.size } })}; whole GiB, at least 1."
  }
}

variable "network_id" {
  description = "network of the nodes"
  type        = string
}

variable "subnet_id" {
  description = "subnet of the nodes' fixed addresses"
  type        = string
}

variable "security_group_ids" {
  description = "security groups of every node"
  type        = set(string)
  default     = []
}

variable "control_plane_group_ids" {
  description = "further security groups of control planes"
  type        = set(string)
  default     = []
}

variable "further_addresses" {
  description = "addresses and ranges that a node may use besides its own: the virtual address, and pods with cni: routed"
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.further_addresses : can(cidrhost(strcontains(address, "/") ? address : "${address}/32", 0))])
    error_message = "further_addresses are ${jsonencode(var.further_addresses)}; each is an IPv4 address or range."
  }
}

variable "account" {
  description = "login name that cloud-init makes; the site's connection.user"
  type        = string
  default     = "debian"

  validation {
    condition     = can(regex("^[a-z_][-a-z0-9_]{0,30}$", var.account)) && var.account != "root"
    error_message = "account is \"${var.account}\"; a Linux user name that is not root."
  }
}

variable "public_key" {
  description = "public key that may log in as account; its private half is the site's connection.key"
  type        = string

  validation {
    condition     = can(regex("^(ssh-ed25519|ecdsa-sha2-nistp(256|384|521)|ssh-rsa) [A-Za-z0-9+/=]+( .*)?$", trimspace(var.public_key)))
    error_message = "public_key begins with \"${substr(var.public_key, 0, 20)}\"; one line of a .pub file is needed."
  }
}

variable "tags" {
  description = "tags on everything that takes tags"
  type        = set(string)
  default     = ["nightfleet"]
}
