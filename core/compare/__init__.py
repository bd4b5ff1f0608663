"""Several assessors on the same photos: where they agree, how good each is, and which thresholds suit it."""
