"""Random features of the softmax kernel, on which the Performer rests (question 3h)."""
