"""Files of other people's making, read without trust; files of ours, whole or not there.

Imports nothing of ours.
"""
