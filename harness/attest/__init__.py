"""Signatures: a key pair, the envelope that carries a signed statement, and what is signed."""
