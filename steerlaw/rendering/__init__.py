"""Records as pictures and words: the page, the table, figures, the catalogue, notebooks.

Imports `steerlaw.results` and below; it renders, and never judges.
"""
