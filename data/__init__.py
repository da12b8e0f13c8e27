"""Corpora: the embedded one, generated from real baseball players, and the practical's own files.

Every corpus is a folder `data/corpora/<name>/` of the practical's format, described by a record
`corpus.json` with the SHA-256 of each file.
"""
