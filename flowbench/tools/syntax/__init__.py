"""Syntax: code is searched and rewritten by its structure. `ast_grep`, `ast_match` and `ast_edit` live here."""
