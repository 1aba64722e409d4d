"""The study: candidate sites, their models, and the problem of choosing among them."""
