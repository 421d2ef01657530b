"""What can be wrong with a row, told from its texts alone.

::

    turns.py      texts to conversations; roles that do not follow, answers that are missing or cut off
    encoding.py   signs that are left when text was decoded wrongly
    languages.py  the language of a text, by its script and its commonest words
    lengths.py    lengths that stand apart from those of the other rows
"""
