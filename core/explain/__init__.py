"""Where did the network look?"""
