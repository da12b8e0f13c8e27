"""What the keys allow: which can be copied or averaged, and how (questions 2a and 2b)."""
