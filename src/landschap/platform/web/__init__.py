# SPDX-License-Identifier: EUPL-1.2
"""Pages for people: the frame, the languages, the style sheets.

    site = Site(settings, read_static_files(), SiteShape(name=..., rooms=("portal",), ...))
    site.show(Page(template="portal/start.html", title=..., path="/", language=Language.NL))

Templates of a room stand in its ``templates/`` and extend ``web/frame.html``; its words in
``locale/en.po``. Pages work without JavaScript: there is none.
"""

from landschap.platform.web.files import StaticFiles, read_static_files, static_route
from landschap.platform.web.frame import (
    N_,
    Alarm,
    Link,
    Page,
    Site,
    SiteShape,
    Visitor,
    page_headers,
)
from landschap.platform.web.language import Language, in_language, split_path

__all__ = [
    "N_",
    "Alarm",
    "Language",
    "Link",
    "Page",
    "Site",
    "SiteShape",
    "StaticFiles",
    "Visitor",
    "in_language",
    "page_headers",
    "read_static_files",
    "split_path",
    "static_route",
]
