"""How the networks are trained: one shared Lightning loop and one recipe a network."""
