"""Claims of other papers, asked of the models at hand: what was seen context by context, and the matrix of answers."""
