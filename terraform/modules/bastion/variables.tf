variable "name" {
  description = "name of the machine"
  type        = string
}

variable "flavor" {
  description = "name of the flavor; the smallest will do"
  type        = string
}

variable "image" {
  description = "name of the image"
  type        = string
}

variable "boot_volume" {
  description = "GiB of a boot volume and its type, for flavors without a disk; null: boot from the image"
  type        = object({ size = number, type = optional(string) })
  default     = null

  validation {
    condition     = var.boot_volume == null || try(var.boot_volume.size >= 1, false)
    error_message = "boot_volume is ${jsonencode(var.boot_volume)}; its size is 1 GiB or more."
  }
}

variable "network_id" {
  description = "network of the nodes"
  type        = string
}

variable "subnet_id" {
  description = "subnet of the nodes"
  type        = string
}

variable "address" {
  description = "fixed address in the network; null: any"
  type        = string
  default     = null
}

variable "external_network" {
  description = "name of the external network"
  type        = string
}

variable "admin_cidrs" {
  description = "who may reach its sshd, by name"
  type        = map(string)

  validation {
    condition     = length(var.admin_cidrs) > 0 && alltrue([for cidr in values(var.admin_cidrs) : can(cidrhost(cidr, 0))])
    error_message = "admin_cidrs are ${jsonencode(var.admin_cidrs)}; at least one range like \"203.0.113.0/24\"."
  }

  validation {
    condition     = !contains(values(var.admin_cidrs), "0.0.0.0/0")
    error_message = "admin_cidrs are ${jsonencode(var.admin_cidrs)}; the whole Internet is not who administers it."
  }
}

variable "account" {
  description = "login name that cloud-init makes"
  type        = string
  default     = "debian"
}

variable "public_key" {
  description = "public key that may log in"
  type        = string
}

variable "tags" {
  description = "tags on everything that takes tags"
  type        = set(string)
  default     = ["nightfleet"]
}
