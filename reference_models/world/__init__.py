"""A small generated world of English-like texts whose labels and reasons are decided by known rules."""
