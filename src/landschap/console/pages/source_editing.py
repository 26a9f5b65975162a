# SPDX-License-Identifier: EUPL-1.2
"""A declaration being written: checked, mapped by form, tried, compared, and then proposed.

    /console/bronnen/{bron}/wijzig     the file that lies there; ?voorstel=NUMBER begins with that
    /console/bronnen/nieuw/wijzig      a new one; its name is asked with the proposal

What is being written goes along with each form, so nothing typed is lost and nothing is kept before
it is proposed. A proposal does nothing: `source_deciding` is where another approves it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from landschap.console.known import Known, names_a_person
from landschap.console.pages.context import (
    SOURCES,
    START,
    AnyRequest,
    Asked,
    ConsoleDeps,
    both,
    door_of,
    own_form,
    refuse,
    session_of,
    words_of,
)
from landschap.console.pages.source_deciding import SOURCE_PROPOSALS
from landschap.console.pages.source_trying import Trying
from landschap.console.pages.source_words import DONE, LABELS, SAYS, WINS
from landschap.console.pages.sources import Workshop, has_workshop
from landschap.console.sources import (
    MAX_CHARACTERS,
    NEW_TEXT,
    Checked,
    differences,
    version_of,
    with_mistakes,
)
from landschap.console.sources.field_form import (
    FieldForm,
    faults_of,
    form_of,
    read_form,
    text_of,
)
from landschap.console.sources.part_form import (
    KINDS,
    LinkForm,
    SourceForm,
    link_faults,
    link_form_of,
    link_text,
    read_link_form,
    read_source_form,
    source_faults,
    source_form_of,
    source_text,
)
from landschap.console.sources.store import proposal, propose
from landschap.console.sources.store.library import SourceFile, is_stem
from landschap.integration.conversions import SIMPLE, WITH_ARGUMENT
from landschap.integration.editing import (
    LINKS,
    NotEditable,
    with_field,
    with_part,
    without_field,
    without_part,
)
from landschap.integration.editing import (
    SOURCES as SOURCES_BLOCK,
)
from landschap.integration.model import Declaration
from landschap.platform.web import N_, Link

NEW = "nieuw"
# Of the longest text, each character of which may be twelve when it is sent.
_MAX_FORM_BYTES = 12 * MAX_CHARACTERS + 40_960
_PROPOSAL = "voorstel"


@dataclass(slots=True, kw_only=True)
class _Draft:
    """A text that is being written, with all that stands in the form."""

    file: SourceFile
    text: str
    check: Checked
    form: FieldForm = field(default_factory=FieldForm)
    source: SourceForm = field(default_factory=SourceForm)
    link: LinkForm = field(default_factory=LinkForm)
    given: Mapping[str, Sequence[str]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    done: str = ""
    changed: Sequence[tuple[str, str]] = ()
    shows_difference: bool = False

    @property
    def is_new(self) -> bool:
        """True when there is no such file yet."""
        return self.file.stem == NEW

    def one(self, name: str) -> str:
        """A value of the form in one line."""
        return " ".join((self.given.get(name) or [""])[0][:1_000].split())


def source_editing_routes(deps: ConsoleDeps) -> list[HTTPRouteHandler]:
    """The routes of writing a declaration."""
    if not has_workshop(deps):
        return []
    door, pages = door_of(deps), _Pages(deps)
    path = "/bronnen/{stem:str}/wijzig"

    @get(both(path), opt={"query": (_PROPOSAL,)})
    async def form(stem: FromPath[str], request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        return await pages.begin(asked, stem) if asked.session else door.to_login(asked)

    @post(
        both(path),
        status_code=200,
        opt={"query": (_PROPOSAL,)},
        request_max_body_size=_MAX_FORM_BYTES,
    )
    async def send(stem: FromPath[str], request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        sent = await own_form(door, request, asked.session)
        fields = {key: [str(each) for each in sent.getall(key)] for key in sent}
        return await pages.send(asked, stem, fields)

    return [form, send]


class _Pages:
    def __init__(self, deps: ConsoleDeps) -> None:
        self.deps = deps
        self.shop = Workshop(deps)
        self.trying = Trying(deps)

    async def begin(self, asked: Asked[Known], stem: str) -> Response[str]:
        file = await self._file(asked, stem)
        text = file.text
        if number := asked.query.get(_PROPOSAL, ""):
            is_number = number.isascii() and number.isdigit() and len(number) < 15
            found = await proposal(self.deps.pool, int(number)) if is_number else None
            if found is None or found.file != stem:
                raise refuse(404, "not_found", "There is no such proposal")
            text = found.body
        return await self._page(asked, await self._draft(file, text))

    async def send(
        self, asked: Asked[Known], stem: str, given: Mapping[str, Sequence[str]]
    ) -> Response[Any]:
        file = await self._file(asked, stem)
        text = (given.get("tekst") or [""])[0].replace("\r\n", "\n")
        draft = await self._draft(file, text[: MAX_CHARACTERS + 1])
        draft.given, draft.form = given, read_form(given)
        draft.source, draft.link = read_source_form(given), read_link_form(given)
        if not text.strip() or len(text) > MAX_CHARACTERS:
            draft.errors["tekst"] = "long"
            return await self._page(asked, draft)
        doing = draft.one("doe")
        if doing == "haal":
            self._fetch(draft)
        elif doing in ("veld", "weg"):
            await self._map(draft, is_removal=doing == "weg")
        elif doing == "bron_haal":
            self._fetch_source(draft)
        elif doing in ("bron", "bron_weg"):
            await self._put_source(draft, is_removal=doing == "bron_weg")
        elif doing in ("koppel", "koppel_weg"):
            await self._put_link(draft, is_removal=doing == "koppel_weg")
        elif doing == "proef" and self._is_right(draft) and self._has_task(asked, draft):
            number = draft.one("voorbeeld")
            return await self.trying.run(asked, file, draft.text, number, given)
        elif doing in ("verschil", "voorstel") and self._is_right(draft):
            draft.shows_difference = True
            if doing == "voorstel" and (made := await self._propose(asked, draft)):
                return made
        return await self._page(asked, draft)

    async def _file(self, asked: Asked[Known], stem: str) -> SourceFile:
        self.shop.require(asked)
        if stem == NEW:
            return SourceFile(stem=NEW, text=NEW_TEXT.format(name="naam-van-de-bron"))
        return await self.shop.file(stem)

    async def _draft(self, file: SourceFile, text: str) -> _Draft:
        check = await self.shop.library.check(text, file.name)
        return _Draft(file=file, text=text, check=check)

    async def _lying(self, file: SourceFile) -> Declaration | None:
        return (await self.shop.library.check(file.text, file.name)).declaration

    def _is_right(self, draft: _Draft) -> bool:
        if draft.check.declaration is None:
            draft.errors["tekst"] = "wrong"
        return draft.check.declaration is not None

    def _has_task(self, asked: Asked[Known], draft: _Draft) -> bool:
        """True when it can be tried: going away to choose a purpose would lose what was typed."""
        if self.trying.needs_task(asked, draft.check.declaration):
            draft.errors["voorbeeld"] = "task"
        return not draft.errors

    def _fetch(self, draft: _Draft) -> None:
        """Put a field that there is in the form."""
        if not self._is_right(draft) or draft.check.declaration is None:
            return
        found = form_of(draft.check.declaration, draft.one("welk"))
        if found is None:
            draft.errors["veld"] = "as_text"
        else:
            draft.form = found

    async def _map(self, draft: _Draft, *, is_removal: bool) -> None:
        """Put the field of the form in the text, or take it out."""
        form = draft.form
        faults = faults_of(form, draft.check.declaration)
        draft.errors |= {"veld": faults["veld"]} if is_removal and "veld" in faults else {}
        draft.errors |= {} if is_removal else faults
        if draft.errors:
            return
        if is_removal:
            change = partial(without_field, draft.text, form.path, form.within)
        else:
            change = partial(with_field, draft.text, text_of(form))
        if await self._changed(draft, change, "veld", "weg" if is_removal else "veld"):
            draft.form = FieldForm() if is_removal else form

    async def _changed(
        self, draft: _Draft, change: Callable[[], str], place: str, done: str
    ) -> bool:
        """Change the text; False, with the place where that is told, when it can not be."""
        try:
            made = await asyncio.to_thread(change)
        except NotEditable:
            draft.errors["tekst" if draft.check.mistakes else place] = "as_text"
            return False
        draft.done = done
        draft.changed = differences(draft.text, made)
        draft.text = made
        draft.check = await self.shop.library.check(made, draft.file.name)
        return True

    def _fetch_source(self, draft: _Draft) -> None:
        """Put a source that there is, and the link to it, in the forms."""
        declaration = draft.check.declaration
        if not self._is_right(draft) or declaration is None:
            return
        name = draft.one("welke_bron")
        found = source_form_of(declaration, name)
        if found is None:
            draft.errors["bron_naam"] = "as_text"
            return
        draft.source, draft.link = found, link_form_of(declaration, name) or LinkForm()

    async def _put_source(self, draft: _Draft, *, is_removal: bool) -> None:
        """Put the source of the form in the text, or take it out."""
        form, faults = draft.source, source_faults(draft.source)
        if is_removal:
            faults = {name: why for name, why in faults.items() if name == "bron_naam"}
            change = partial(without_part, draft.text, SOURCES_BLOCK, form.name)
        if not faults and not is_removal:
            part = source_text(form, draft.check.declaration)
            change = partial(with_part, draft.text, part)
        draft.errors |= faults
        if not draft.errors:
            await self._changed(draft, change, "bron_naam", "bron_weg" if is_removal else "bron")

    async def _put_link(self, draft: _Draft, *, is_removal: bool) -> None:
        """Put the link of the form in the text, or take it out."""
        form, faults = draft.link, link_faults(draft.link)
        if is_removal:
            faults = {name: why for name, why in faults.items() if name == "koppel_naar"}
            change = partial(without_part, draft.text, LINKS, form.name)
        else:
            change = partial(with_part, draft.text, link_text(form))
        draft.errors |= faults
        if not draft.errors:
            done = "koppel_weg" if is_removal else "koppel"
            await self._changed(draft, change, "koppel_naar", done)

    async def _propose(self, asked: Asked[Known], draft: _Draft) -> Response[Any] | None:
        """Keep a proposal, and away to it; None when something is wrong."""
        reason, stem = draft.one("reden"), draft.file.stem
        if len(reason) < 3:
            draft.errors["reden"] = "reason"
        elif names_a_person(reason):
            draft.errors["reden"] = "person"
        if draft.is_new:
            stem = draft.one("bestand")
            taken = stem in (NEW, SOURCE_PROPOSALS.path.rpartition("/")[2])
            if not is_stem(stem) or taken or await self.shop.library.one(stem):
                draft.errors["bestand"] = "stem"
        elif draft.text == draft.file.text:
            draft.errors["tekst"] = "nothing"
        if draft.errors:
            return None
        known = session_of(asked).known
        number = await propose(
            self.deps.pool,
            (known.subject, known.name),
            file=stem,
            body=draft.text,
            reason=reason,
            based_on=version_of("" if draft.is_new else draft.file.text),
        )
        return Redirect(asked.at(f"{SOURCE_PROPOSALS.path}/{number}"), status_code=303)

    async def _page(self, asked: Asked[Known], draft: _Draft) -> Response[str]:
        words = words_of(self.deps, asked)
        declaration = draft.check.declaration
        # With a mistake in it, the columns are still those of the file that lies there.
        lying = None if draft.is_new else await self._lying(draft.file)
        at_hand = declaration or lying
        columns = await self.shop.columns(at_hand, lying)
        examples, _ = self.shop.examples(draft.file, declaration)
        wrong = [each for each in with_mistakes(draft.text, draft.check.mistakes) if each.mistakes]
        values = {
            "file": draft.file,
            "is_new": draft.is_new,
            "path": f"{SOURCES.path}/{draft.file.stem}",
            "text": draft.text,
            "is_right": declaration is not None,
            "wrong": wrong,
            "fields": _editable(declaration),
            "lists": list(at_hand.lists) if at_hand else [],
            "columns": columns,
            "form": draft.form,
            "source": draft.source,
            "link": draft.link,
            "kinds": list(KINDS),
            "sources": list(at_hand.sources) if at_hand else [],
            "known_columns": {
                f"{name}.{column}" for name, found in columns.items() for column in found.names
            },
            "conversions": [*SIMPLE, *WITH_ARGUMENT],
            "wins": {name: words.say(text) for name, text in WINS.items()},
            "examples": examples,
            "given": defaultdict(list, {key: list(each) for key, each in draft.given.items()}),
            "errors": {name: words.say(SAYS[why]) for name, why in draft.errors.items()},
            "labels": {name: words.say(text) for name, text in LABELS.items()},
            "done": draft.done,
            "done_words": {name: words.say(text) for name, text in DONE.items()},
            "changed": draft.changed,
            "difference": differences("" if draft.is_new else draft.file.text, draft.text)
            if draft.shows_difference
            else None,
            "say": lambda words, nearest="": self.shop.say(asked, words, nearest),
        }
        title = N_("Nieuwe bron") if draft.is_new else N_("Wijzig: %(name)s")
        crumbs: tuple[Link, ...] = (START, SOURCES)
        if not draft.is_new:
            crumbs += (Link(path=f"{SOURCES.path}/{draft.file.stem}", label=draft.file.stem),)
        return door_of(self.deps).show(
            asked, "console/source_edit.html", words.say(title, name=draft.file.stem),
            values=values, part=SOURCES.path, crumbs=crumbs,
            status=400 if draft.errors else 200, is_wrong=bool(draft.errors),
        )  # fmt: skip


def _editable(declaration: Declaration | None) -> Sequence[str]:
    """The fields that have a form: all but what follows from others."""
    if declaration is None:
        return ()
    return [path for path, each in declaration.fields.items() if each.derived is None]
