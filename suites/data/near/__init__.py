"""Texts as sets of hashed runs of words, and which earlier sets are nearly the same.

::

    runs.py    texts to words, words to 64-bit hashes, hashes to runs of words
    index.py   rows by a 32-bit key, in sorted arrays
    firsts.py  which row had each digest first
    sets.py    the sets themselves, in a temporary file
    alike.py   min-wise signatures in bands: candidates, each verified by exact Jaccard similarity
"""
