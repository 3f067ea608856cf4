terraform {
  required_version = ">= 1.6.0"

  required_providers {
    openstack = {
      source  = "terraform-provider-openstack/openstack"
      version = ">= 3.0.0, < 4.0.0"
    }
  }
}

# Credentials come from clouds.yaml or from OS_* variables, never from here.
provider "openstack" {
  cloud = var.cloud
}
