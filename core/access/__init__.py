"""Who may do what, and how often: tokens of the HTTP API, rate limits."""
