# SPDX-License-Identifier: EUPL-1.2
"""The part of the composition that is the public form: a client of our own doors."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from landschap.platform.keys import secret_key

if TYPE_CHECKING:
    from landschap.cli.composition import Composition
    from landschap.forms.pages import FormDeps
    from landschap.platform.web import StaticFiles


async def forms_of(parts: Composition, static: StaticFiles) -> FormDeps | None:
    """What the form stands on; None where there is none, or no Outway to ask."""
    from landschap.forms.client import FormClient
    from landschap.forms.pages import FormDeps, form_shape
    from landschap.platform.identities import resident
    from landschap.platform.oidc import OidcClient
    from landschap.platform.web import Site

    settings, form = parts.settings, parts.settings.form
    if form is None or not settings.listen.outway:
        return None
    return FormDeps(
        settings=settings,
        site=Site(settings, static, form_shape(form, version("landschap"))),
        pool=await parts.pool("forms"),
        key=secret_key(settings, "session"),
        oidc=OidcClient(
            form,
            redirect_uri=f"{settings.addresses.web}/formulier/inloggen/terug",
            hosts=settings.network.hosts or {},
            identify=resident(form),
        ),
        client=FormClient(
            outway=f"http://{settings.listen.outway}",
            # Read with each question, so that a key that is made or replaced later works at once.
            key=lambda: form.application_key.read_text(encoding="ascii").strip(),
            settings=form,
        ),
    )
