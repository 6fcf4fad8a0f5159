"""One module for each outside system: `fetch_*` over one client, and pure `parse_*`."""
