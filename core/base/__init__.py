"""Errors, clock, settings, text and statistics; imports no other package of the product."""
