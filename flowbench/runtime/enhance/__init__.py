"""Enhance: Blueprints that change themselves: issues in, new versions out, each by a run that can be looked at."""
