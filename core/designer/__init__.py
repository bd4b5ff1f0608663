"""What the Designer page works with: drafts, saved presets, links, comparisons, and what a preset does.

Nothing here imports Streamlit.
"""
