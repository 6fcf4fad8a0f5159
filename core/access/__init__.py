"""Who may do what: tokens of the HTTP API."""
