"""Texts as sets of hashed runs of words, and which earlier sets are nearly the same.

::

    runs.py    texts to words, words to 64-bit hashes, hashes to runs of words
    column.py  numbers in a temporary file
    index.py   rows by a 32-bit key: sorted entries, most of them in files
    firsts.py  which row had each digest first
    sets.py    the sets themselves, in files, and the exact similarity of pairs of them
    alike.py   min-wise signatures in bands: candidates, each verified by exact Jaccard similarity
"""
