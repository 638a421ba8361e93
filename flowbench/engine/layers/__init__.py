"""Layers: what may surround the work of a step, one per file; the last one listed is outermost."""
