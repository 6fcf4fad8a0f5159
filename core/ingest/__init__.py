"""Ingestion: clients, parsers and savers of the sources, synchronisation, and file imports."""
