"""Monte Carlo checks of the laws that theory/ derives for questions 2a to 2e.

`python -m simulate` draws random keys, values and inputs, measures what attention does with them
and compares the sample with the exact law, at a stated probability of a false alarm.
"""
