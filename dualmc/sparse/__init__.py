"""Sparse derivatives: colourings of patterns, by which few directions are enough, and pictures."""
