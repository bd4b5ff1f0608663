"""ImageQX inside the browser: what the page loads, and the Python beside it."""
