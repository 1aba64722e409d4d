"""Policy: law as dated data, the terms that a package sets for each asset, and the user cost of capital."""
