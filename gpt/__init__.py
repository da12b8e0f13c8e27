"""The practical's character-level GPT: pretrained, finetuned and asked where people were born.

`run.py`, `dataset.py` and `london_baseline.py` are the practical's command lines; the other
modules are what they are made of. Nothing here imports theory or simulate.
"""
