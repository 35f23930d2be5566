"""One file, one law: each module here defines `LAW`; `theory.catalogue` finds them."""
