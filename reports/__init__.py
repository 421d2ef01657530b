"""The HTML report: code and templates; produced reports go to runs/."""
