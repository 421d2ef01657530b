"""A small fictional world, the base model that knows it, and the run files that try the gate on both."""
