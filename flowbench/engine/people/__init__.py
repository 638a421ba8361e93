"""People: questions to whoever stands behind an operator, who answers them, and by which rules."""
