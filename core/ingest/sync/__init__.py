"""Synchronisation of the store with its sources, and the history of that."""
