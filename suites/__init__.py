"""What is measured: suites over data and models, the items they ask, and the judges and metrics that score answers."""
