"""Baselines: their windows, what is excluded from them, and what was frozen."""
