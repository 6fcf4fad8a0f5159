"""Customer engagement: who creates and submits test cycles."""
