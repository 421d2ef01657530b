"""Tasks of the lm-evaluation-harness, asked through our own subject."""
