"""The report as one self-contained page, a file a section; `whole.page` puts them together.

It reads results, and figures that are drawn already.
"""
