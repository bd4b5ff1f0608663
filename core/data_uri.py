"""Bytes as an address that holds them, for pages that need nothing else."""

from base64 import b64encode


def data_uri(data: bytes, kind: str = "image/jpeg") -> str:
    """A ``data:`` address; ``kind`` is the media type."""
    return f"data:{kind};base64,{b64encode(data).decode('ascii')}"
