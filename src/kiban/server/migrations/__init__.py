"""Steps that bring the store of an older kiban to the present tables."""
