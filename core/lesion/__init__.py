"""What might it be?"""
