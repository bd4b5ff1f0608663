"""Where do the weights come from?"""
