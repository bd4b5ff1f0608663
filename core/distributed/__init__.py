"""How is the work spread over several machines? Ray Serve for networks, Ray Data for archives of photos."""
