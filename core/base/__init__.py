"""What everything stands on: errors, settings, text, statistics; it knows no other package."""
