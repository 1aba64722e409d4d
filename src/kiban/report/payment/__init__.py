"""Who pays, for readers."""
