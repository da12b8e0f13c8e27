"""Which key, query and value matrices give a wanted attention (question 2e.2)."""
