"""Loading a model, knowing its identity, asking it, keeping what it said."""
