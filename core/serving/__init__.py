"""What a server does around its pages: the headers of its answers, who reads its metrics, what it logs.

No Streamlit here; ``core/ui/routes.py`` puts it around Streamlit's application.
"""
