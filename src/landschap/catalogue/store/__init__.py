# SPDX-License-Identifier: EUPL-1.2
"""Our memory of APIs: PostgreSQL schema ``catalogue``. Append only.

All functions take a pool of role ``landschap_catalogue``.
"""

from landschap.catalogue.store.drafts import (
    Draft,
    Filled,
    draft,
    drafts,
    fill,
    keep_draft,
    last_published,
    text_of_draft,
)
from landschap.catalogue.store.finding import Answer, OwnFacts, Question, find, words_seen
from landschap.catalogue.store.following import follow, followers, told, waiting
from landschap.catalogue.store.gathered import (
    MAX_QUESTION,
    Api,
    Held,
    Hit,
    Text,
    api_named,
    apis,
    digest_of,
    held,
    keep,
    nearest,
    note,
    search,
    texts,
    unreadable,
)
from landschap.catalogue.store.published import (
    Published,
    Seen,
    harvestable,
    harvested,
    publication,
    publish,
    recent,
)
from landschap.catalogue.store.requested import (
    NewRequest,
    Request,
    keep_request,
    request_named,
    requests,
)
from landschap.catalogue.store.shown import (
    EVERYONE,
    GROUP,
    Offer,
    Shown,
    document_of,
    keep_particulars,
    offer,
    offered,
    reasons,
    shown,
    shown_named,
    versions_of,
)

__all__ = [
    "EVERYONE", "GROUP", "MAX_QUESTION", "Answer", "Api", "Draft", "Filled", "Held", "Hit",
    "NewRequest", "Offer", "OwnFacts", "Published", "Question", "Request", "Seen", "Shown",
    "Text", "api_named", "apis", "digest_of", "document_of", "draft", "drafts", "fill", "find",
    "follow", "followers", "harvestable", "harvested", "held", "keep", "keep_draft",
    "keep_particulars", "keep_request", "last_published", "nearest", "note", "offer", "offered",
    "publication", "publish", "reasons", "recent", "request_named", "requests", "search", "shown",
    "shown_named", "text_of_draft", "texts", "told", "unreadable", "versions_of", "waiting",
    "words_seen",
]  # fmt: skip
