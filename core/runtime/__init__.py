"""How do networks run here?"""
