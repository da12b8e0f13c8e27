"""The machinery of the claims: what a step, a law and a claim are, and how each is decided."""
