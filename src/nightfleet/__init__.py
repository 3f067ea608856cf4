"""nightfleet: a GPU Kubernetes cluster on machines that already exist, and back again in the morning."""
