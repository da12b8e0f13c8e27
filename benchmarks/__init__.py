"""Side-by-side measurements: each prints what it compared and ends with one JSON line."""
