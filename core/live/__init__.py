"""Frames in, hints out."""
