"""What every channel and the report say in the same words: numbers with their units, rules and verdicts."""
