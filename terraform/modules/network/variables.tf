variable "name" {
  description = "prefix of everything that is made here"
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$", var.name))
    error_message = "name is \"${var.name}\"; it has lower-case letters, digits and '-' inside, at most 32."
  }
}

variable "cidr" {
  description = "address range of the nodes; the site's network.nodes"
  type        = string

  validation {
    condition     = can(cidrhost(var.cidr, 1)) && can(regex("^[0-9.]+/(1[6-9]|2[0-8])$", var.cidr))
    error_message = "cidr is \"${var.cidr}\"; an IPv4 range from /16 to /28 is needed, like \"192.168.60.0/24\"."
  }
}

variable "existing_network" {
  description = "name of a network of the project to use instead of a new one; it must have a subnet of this cidr"
  type        = string
  default     = null
}

variable "external_network" {
  description = "name of the cloud's external network; null: no router, and no way out"
  type        = string
  default     = null
}

variable "dns_servers" {
  description = "resolvers handed out by DHCP; none: the cloud's own"
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for server in var.dns_servers : can(cidrhost("${server}/32", 0))])
    error_message = "dns_servers are ${jsonencode(var.dns_servers)}; each is an IPv4 address."
  }
}

variable "mtu" {
  description = "MTU of a new network in bytes; null: the cloud's own"
  type        = number
  default     = null

  validation {
    condition     = var.mtu == null ? true : var.mtu >= 1280 && var.mtu <= 9216
    error_message = "mtu is ${var.mtu == null ? "null" : var.mtu}; from 1280 to 9216 bytes."
  }
}

variable "pool" {
  description = "part of cidr for DHCP, [first, last]; empty: the cloud takes all of it. Keep fixed addresses outside"
  type        = list(string)
  default     = []

  validation {
    condition     = contains([0, 2], length(var.pool))
    error_message = "pool is ${jsonencode(var.pool)}; it has no address, or the first and the last."
  }
}

variable "admin_cidrs" {
  description = "who may reach sshd, by name"
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for cidr in values(var.admin_cidrs) : can(cidrhost(cidr, 0))])
    error_message = "admin_cidrs are ${jsonencode(var.admin_cidrs)}; each is a range like \"203.0.113.0/24\"."
  }
}

variable "api_cidrs" {
  description = "who may reach the Kubernetes API, by name"
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for cidr in values(var.api_cidrs) : can(cidrhost(cidr, 0))])
    error_message = "api_cidrs are ${jsonencode(var.api_cidrs)}; each is a range like \"203.0.113.0/24\"."
  }
}

variable "api_port" {
  description = "port of the Kubernetes API on the nodes"
  type        = number
  default     = 6443
}

variable "rules" {
  description = "further rules for all nodes, by name: protocol (tcp, udp, icmp), from and to (ports), cidr"
  type = map(object({
    protocol = string
    from     = optional(number)
    to       = optional(number)
    cidr     = string
  }))
  default = {}

  validation {
    condition     = alltrue([for rule in values(var.rules) : contains(["tcp", "udp", "icmp"], rule.protocol)])
    error_message = "protocols of rules are ${jsonencode([for rule in values(var.rules) : rule.protocol])}; tcp, udp or icmp."
  }
}

variable "tags" {
  description = "tags on everything that takes tags"
  type        = set(string)
  default     = ["nightfleet"]
}
