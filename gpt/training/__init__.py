"""One stage of a recipe: the loop, its optimizers and schedule, what it saves and how it stops."""
