"""What a user hands over, read and checked: files about a concept, saved sweeps, other people's results.

Imports `real_models` and below; it reads, and never judges.
"""
