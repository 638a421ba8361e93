"""Minimizing: a shorter text for what known programs write, where nothing is lost that somebody would look for."""
