"""The tier runner behind `make test`: which tiers exist, one pytest process each, and what came out."""
