"""What `python -m dualmc` prints: each module computes one demonstration as numbers and renders it as text apart."""
