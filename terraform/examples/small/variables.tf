variable "cloud" {
  description = "entry of clouds.yaml; null: the OS_* variables"
  type        = string
  default     = null
}

variable "name" {
  description = "name of the cluster, prefix of what has no other name"
  type        = string
  default     = "small"
}

variable "cidr" {
  description = "address range of the nodes"
  type        = string
  default     = "192.168.61.0/24"
}

variable "external_network" {
  description = "name of the cloud's external network"
  type        = string
}

variable "image" {
  description = "name of the image: Debian 12 with cloud-init"
  type        = string
}

variable "flavor" {
  description = "name of the flavor of all machines: at least 2 CPUs and 4 GiB"
  type        = string
}

variable "volume_type" {
  description = "volume type of the data disk; null: the cloud's default"
  type        = string
  default     = null
}

variable "workers" {
  description = "workers: name = fixed address"
  type        = map(string)
  default     = { small-w1 = "192.168.61.21" }
}

variable "disk" {
  description = "GiB of each worker's disk for images and containers"
  type        = number
  default     = 20
}

variable "admin_cidrs" {
  description = "who may reach sshd and the API, by name"
  type        = map(string)
}

variable "public_key" {
  description = "public key that may log in"
  type        = string
}
