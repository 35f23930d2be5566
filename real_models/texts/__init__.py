"""Texts as people keep them: prompts, contexts and documents in files.

Imports nothing of ours.
"""
