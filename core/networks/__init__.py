"""The networks as torch modules: what is trained, and the folded twins of what is shipped."""
