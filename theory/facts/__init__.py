"""What a text tells and what it leaves untold, which bounds hallucination (question 4c)."""
