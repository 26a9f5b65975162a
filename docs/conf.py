# SPDX-License-Identifier: EUPL-1.2
"""Sphinx: the manual, from Markdown."""

project = "landschap"
author = "The landschap contributors"
copyright = "The landschap contributors, EUPL-1.2"  # noqa: A001  # Sphinx wants this name
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_title = "landschap"
myst_heading_anchors = 3
suppress_warnings = ["myst.xref_missing"]
