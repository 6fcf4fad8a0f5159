"""Parsers: pure functions from what a source sends to objects or field problems."""
