"""Files to pixels, in a process of its own: docs/decisions/decoding.md.

`core.photo` is the way in. What runs in the worker (everything but `pool`) is given hostile bytes; it imports
neither Streamlit nor any network and speaks no language: it refuses with a code.
"""
