# SPDX-License-Identifier: EUPL-1.2
"""The memory of registers: assertions that are only added to, and questions about any moment."""

from landschap.registers.store.adopting import (
    Adopted,
    Adoption,
    adopt,
    adopted,
    schema_of,
    would_adopt,
)
from landschap.registers.store.closing import close, closure_of, destroyed_of, horizon_of
from landschap.registers.store.counting import Counted, Size, count, count_by, last_change
from landschap.registers.store.deliveries import begin_delivery, delivery_of, end_delivery
from landschap.registers.store.exporting import (
    PAGE,
    Contents,
    export,
    found_pages,
    histories,
    pages,
)
from landschap.registers.store.feed import Change, changes_after
from landschap.registers.store.loading import BATCH, StoppedError, load, load_whole
from landschap.registers.store.paging import Page, Wanted, count_of, page_of
from landschap.registers.store.permitted import permitted
from landschap.registers.store.reading import (
    AtNow,
    as_of,
    as_of_now,
    history_of,
    known_at,
    line_of,
)
from landschap.registers.store.reports import decide, open_reports, report, report_of
from landschap.registers.store.together import (
    Few,
    FewFound,
    Looked,
    Together,
    few_now,
    looking_up_now,
    looking_up_then,
)
from landschap.registers.store.writing import (
    Act,
    Entry,
    Written,
    differences,
    faults_of,
    prepare,
    rebuild,
    refusal_of,
    request_of,
    write,
    written_before,
)

__all__ = [
    "BATCH",
    "PAGE",
    "Act",
    "Adopted",
    "Adoption",
    "AtNow",
    "Change",
    "Contents",
    "Counted",
    "Entry",
    "Few",
    "FewFound",
    "Looked",
    "Page",
    "Size",
    "StoppedError",
    "Together",
    "Wanted",
    "Written",
    "adopt",
    "adopted",
    "as_of",
    "as_of_now",
    "begin_delivery",
    "changes_after",
    "close",
    "closure_of",
    "count",
    "count_by",
    "count_of",
    "decide",
    "delivery_of",
    "destroyed_of",
    "differences",
    "end_delivery",
    "export",
    "faults_of",
    "few_now",
    "found_pages",
    "histories",
    "history_of",
    "horizon_of",
    "known_at",
    "last_change",
    "line_of",
    "load",
    "load_whole",
    "looking_up_now",
    "looking_up_then",
    "open_reports",
    "page_of",
    "pages",
    "permitted",
    "prepare",
    "rebuild",
    "refusal_of",
    "report",
    "report_of",
    "request_of",
    "schema_of",
    "would_adopt",
    "write",
    "written_before",
]
