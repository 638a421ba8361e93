"""Hint names: which layers `spawner_hints.layers` may name in this process. The engine knows what they do."""

from __future__ import annotations

hint_names: set[str] = {"audit", "long_hold", "main_ai", "operator_delegate", "senior_escalation"}
"""Those that are always there, and whatever else was registered."""
