"""What is drawn at random besides keys, many trials at once: frames, features, graphs, texts."""
