"""Searching: a pattern in files and in text: two engines, ripgrep and our own, one result."""
