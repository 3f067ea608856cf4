variable "name" {
  description = "prefix of the shares"
  type        = string
}

variable "shares" {
  description = <<-TEXT
    Shared file systems by name: `protocol` CEPHFS or NFS, `size` in GiB. `access` says who may use it, by a name of
    your choice: `to` is a cephx user for CEPHFS and an address or range for NFS, `level` rw or ro.
  TEXT
  type = map(object({
    protocol = string
    size     = number
    type     = optional(string)
    access   = optional(map(object({ to = string, level = optional(string, "rw") })), {})
  }))
  default = {}

  validation {
    condition     = alltrue([for share in values(var.shares) : contains(["CEPHFS", "NFS"], share.protocol)])
    error_message = "protocols are ${jsonencode({ for name, share in var.shares : name => share.protocol })}; CEPHFS or NFS."
  }

  validation {
    condition     = alltrue([for share in values(var.shares) : share.size >= 1])
    error_message = "sizes are ${jsonencode({ for name, share in var.shares : name => share.size })}; at least 1 GiB."
  }

  validation {
    condition     = alltrue(flatten([for share in values(var.shares) : [for rule in values(share.access) : contains(["rw", "ro"], rule.level)]]))
    error_message = "levels are ${jsonencode({ for name, share in var.shares : name => [for rule in values(share.access) : rule.level] })}; rw or ro."
  }

  validation {
    condition = alltrue(flatten([
      for share in values(var.shares) : [
        for rule in values(share.access) : can(cidrhost(strcontains(rule.to, "/") ? rule.to : "${rule.to}/32", 0))
      ] if share.protocol == "NFS"
    ]))
    error_message = "NFS access is ${jsonencode({ for name, share in var.shares : name => [for rule in values(share.access) : rule.to] if share.protocol == "NFS" })}; each is an IPv4 address or range."
  }
}

variable "share_network" {
  description = "where the cloud puts share servers of its own (driver_handles_share_servers): network_id and subnet_id; null: nowhere"
  type        = object({ network_id = string, subnet_id = string })
  default     = null
}
