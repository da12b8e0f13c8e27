"""The experiments, one file a question: each puts one law of theory/ to the test."""
