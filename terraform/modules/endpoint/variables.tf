variable "name" {
  description = "name of the load balancer or port"
  type        = string
}

variable "kind" {
  description = "octavia (the cloud's load balancer), virtual (keepalived on the control planes), single (the one control plane)"
  type        = string

  validation {
    condition     = contains(["octavia", "virtual", "single"], var.kind)
    error_message = "kind is \"${var.kind}\"; octavia, virtual or single."
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
  description = "fixed address of the endpoint inside the network; null: octavia takes a free one"
  type        = string
  default     = null

  validation {
    condition     = var.address == null ? true : can(cidrhost("${var.address}/32", 0))
    error_message = "address is \"${var.address == null ? "null" : var.address}\"; an IPv4 address of the nodes' network."
  }
}

variable "port" {
  description = "port where the API is reached: 6443 for octavia and single, the site's endpoint.port for virtual"
  type        = number
  default     = 6443

  validation {
    condition     = var.port >= 1 && var.port <= 65535
    error_message = "port is ${var.port}; from 1 to 65535."
  }
}

variable "allowed_cidrs" {
  description = "who may reach the API through octavia, nodes and pods too: IPv4 ranges; empty: everybody. Other ranges make the listener anew: the API is away for seconds"
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for cidr in var.allowed_cidrs : can(cidrhost(cidr, 0)) && can(regex("^[0-9.]+/[0-9]+$", cidr))])
    error_message = "allowed_cidrs are ${jsonencode(var.allowed_cidrs)}; each is an IPv4 range like \"203.0.113.0/24\"."
  }
}

variable "control_planes" {
  description = "addresses of the control planes by name"
  type        = map(string)

  validation {
    condition     = length(var.control_planes) >= 1
    error_message = "control_planes are ${jsonencode(var.control_planes)}; at least one is needed."
  }
}

variable "ports" {
  description = "ports of the nodes by name; only for kind single with a floating IP"
  type        = map(string)
  default     = {}
}

variable "external_network" {
  description = "name of the external network for a floating IP; null: none, the API is reached from inside only"
  type        = string
  default     = null
}

variable "tags" {
  description = "tags on everything that takes tags"
  type        = set(string)
  default     = ["nightfleet"]
}
