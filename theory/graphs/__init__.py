"""Who attends to whom, and how fast information spreads: BigBird (question 3g.2)."""
