"""Random projections, on which Linformer rests (question 3g.1)."""
