"""The weekly review: its agenda, what is written and agreed in it, and how it closes."""
