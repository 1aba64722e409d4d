"""Yearly money of a plan: cash flow from first spade to the end, debt, tax, returns and levelised costs."""
