"""Import of files: ticket exports, enhancement records, feedback and surveys."""
