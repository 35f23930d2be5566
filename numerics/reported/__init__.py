"""Numbers that claims of other papers are about, context by context, and verdicts on where most of them lie.

Pushes are strengths in norms of the residual, ascending, 0 among them; what has none of a number is NaN.
"""
