"""Files: which ones a tool looks at; walks, globs, ignore files, and finding by name."""
