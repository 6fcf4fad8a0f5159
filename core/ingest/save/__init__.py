"""Saving parsed objects as rows of the store, in a unit of work."""
