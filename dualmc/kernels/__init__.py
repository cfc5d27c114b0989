"""Compiled loops and the scalar functions inside them: its modules need Numba, and are imported when compiling pays."""
