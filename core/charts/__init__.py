"""Charts: one theme, one palette, a few builders, and their images."""
