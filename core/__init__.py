"""Retake: coach a person through taking a skin photo that a dermatologist can use."""
