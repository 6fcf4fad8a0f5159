"""How long the reads behind the pages take; a report, not a test."""
