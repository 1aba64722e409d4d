"""A plan for readers."""
