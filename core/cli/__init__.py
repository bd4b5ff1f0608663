"""Subcommands of ``python -m core``: each module has ``add_parser(subparsers)`` and ``run(args) -> int``."""
