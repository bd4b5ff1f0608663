"""How is the work spread over several machines? Ray Serve for networks, Ray Data for archives of photos."""

from core.runtime.ray_connection import before_ray

before_ray()
