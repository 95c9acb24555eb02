"""Server-rendered pages for citizens and staff. They work without script, in Indonesian and English."""

from .failures import render_problem
from .routes import is_page, routes

__all__ = ["is_page", "render_problem", "routes"]
