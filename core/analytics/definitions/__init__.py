"""The definitions of dimensions and metrics."""
