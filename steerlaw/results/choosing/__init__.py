"""How large the strength may be: for one prompt, and for whole texts over many; records, and what finds them.

Imports what the other results import, and none of them.
"""
