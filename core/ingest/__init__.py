"""Bringing data into the store: clients, parsers, saves, syncs and files."""
