"""How good is it? Measured figures as sentences, tables and plots, for the app and for HTML reports alike.

Nothing here imports torch or streamlit: the app shows what training measured.
"""
