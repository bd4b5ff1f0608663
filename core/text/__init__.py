"""How is a result worded? Sentences, lists, drawings with their words, and the report of one photo.

Nothing here imports Streamlit.
"""
