"""Attention over random keys, by one head and by several (questions 2c and 2d)."""
