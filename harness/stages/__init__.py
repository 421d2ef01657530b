"""The stages: each reads the folders it is given and fills one."""
