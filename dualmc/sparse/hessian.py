"""Sparse Hessians: from the slots that meet in the operations of one run, or by the directions of a star colouring."""
