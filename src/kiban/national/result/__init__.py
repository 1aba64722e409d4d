"""The result: the plan, what it asks of areas and interconnectors, how firm it is, and what stands near it."""
