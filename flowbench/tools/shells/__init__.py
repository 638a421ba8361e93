"""Shells: one session of a shell, what is said to it, and its two faces, blocking and awaited."""
