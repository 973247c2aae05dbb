"""Tests of the Python package: `python3 -m tests` in the folder `python`."""
