"""What the causal trainers share: rows, plans, models, checkpoints and one loop."""
