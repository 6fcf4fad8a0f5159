"""Testers: who finds bugs that are accepted, ranked fairly."""
