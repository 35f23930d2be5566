"""Prompt sets: texts that show a concept and texts that do not, written by a model, to build vectors from.

How a model is asked (`wording`), and who writes until there are as many texts as asked for (`writing`).
"""
