"""Themes: topics of comments, found by a model and decided by people."""
