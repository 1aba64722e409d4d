"""A national plan and its payment, for readers."""
