"""Versions: Blueprints kept by the hash of their content, in memory or in git, with labels that can be asked for."""
