"""What a text is worth: words, loops, length, perplexity, the answers of a judge; missing is missing, never no.

Imports `real_models.sampling` and what is below it.
"""
