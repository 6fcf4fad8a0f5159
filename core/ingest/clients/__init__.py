"""HTTP clients of the outside systems."""
