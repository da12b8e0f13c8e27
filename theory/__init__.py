"""Every claim about attention of questions 2a to 2e, derived and checked by program."""
