"""A question of one's own: `python -m simulate multi_head --alpha 1e-3 --beta 20 --keys 16`.

The experiments are those of the catalogue, made for the numbers that were asked about.
"""
