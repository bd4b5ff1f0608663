"""Is this photo good enough?"""
