"""How the study database came to be what it is, step by step; run when it is opened."""
