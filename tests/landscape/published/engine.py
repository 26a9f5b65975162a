# SPDX-License-Identifier: EUPL-1.2
"""A form engine of somebody else: it knows published documents, and no module of this program.

Out of the OpenAPI document of a service with which something is registered it makes a form; out of
that of a service that is asked, it fills in what has the same name. It stands for any form engine.
Source: OpenAPI 3.1; JSON Schema 2020-12; OpenID Connect Discovery 1.0; RFC 7636; RFC 9457.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import secrets
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import jsonschema_rs
from joserfc import jwt
from joserfc.jwk import KeySet

Json = Any
_TIMEOUT = 40


class Stays(urllib.request.HTTPRedirectHandler):
    """Where it leads is read, not followed."""

    def redirect_request(self, *_given: Any) -> None:
        """Never."""


@dataclass(frozen=True)
class Answer:
    """An answer over HTTP."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Json:
        """The content as JSON."""
        return json.loads(self.content)


def http(
    method: str,
    address: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: Json = None,
    form: Mapping[str, str] | None = None,
) -> Answer:
    """One question. Names under ``localhost`` are this machine, as in any browser."""
    parts = urlsplit(address)
    reached, told = address, dict(headers or {})
    if (parts.hostname or "").endswith(".localhost"):
        reached = parts._replace(netloc=f"127.0.0.1:{parts.port}").geturl()
        told["Host"] = parts.netloc
    data = None
    if body is not None:
        data, told["Content-Type"] = json.dumps(body).encode(), "application/json"
    if form is not None:
        data = urlencode(form).encode()
    request = urllib.request.Request(reached, data=data, headers=told, method=method)  # noqa: S310 - addresses are the test's own
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), Stays())
    try:
        with opener.open(request, timeout=_TIMEOUT) as answer:
            return Answer(answer.status, dict(answer.headers.items()), answer.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, dict(error.headers.items()), error.read())


@dataclass(frozen=True)
class Login:
    """A public client of OpenID Connect: no secret, PKCE, everything from discovery."""

    issuer: str
    client_id: str
    redirect_uri: str

    def tokens(self, choose: str) -> Json:
        """Walk the code flow as a browser would; ``choose`` is whom one is at the test provider."""
        at = http("GET", f"{self.issuer}/.well-known/openid-configuration").json
        assert "S256" in at["code_challenge_methods_supported"]
        assert "none" in at["token_endpoint_auth_methods_supported"]
        verifier, nonce, state = (secrets.token_urlsafe(48) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
        asked = {
            "client_id": self.client_id, "redirect_uri": self.redirect_uri, "scope": "openid",
            "response_type": "code", "state": state, "nonce": nonce,
            "code_challenge": challenge.rstrip(b"=").decode(), "code_challenge_method": "S256",
        }  # fmt: skip
        shown = http("GET", f"{at['authorization_endpoint']}?{urlencode(asked)}")
        assert shown.status == 200
        back = http("POST", at["authorization_endpoint"], form={**asked, "sub": choose})
        told = {k: v[0] for k, v in parse_qs(urlsplit(back.headers["Location"]).query).items()}
        assert told["state"] == state
        assert told.get("iss", self.issuer) == at["issuer"]
        redeemed = http("POST", at["token_endpoint"], form={
            "grant_type": "authorization_code", "code": told["code"], "client_id": self.client_id,
            "redirect_uri": self.redirect_uri, "code_verifier": verifier,
        }).json  # fmt: skip
        keys = KeySet.import_key_set(http("GET", at["jwks_uri"]).json)
        decoded = jwt.decode(redeemed["id_token"], keys, algorithms=["ES256"])
        assert decoded.claims["nonce"] == nonce
        assert decoded.claims["aud"] == self.client_id
        assert decoded.claims["iss"] == at["issuer"]
        return {"access_token": redeemed["access_token"], "claims": decoded.claims}


@dataclass(frozen=True)
class Published:
    """One API as its catalogue publishes it."""

    document: Json
    needs: Json

    @classmethod
    def of(cls, catalogue: str, name: str) -> Published:
        """Read the description, and what a caller must have."""
        document = http("GET", f"{catalogue}/catalogus/{name}/openapi")
        assert document.status == 200, document.content[:300]
        told = http("GET", f"{catalogue}/catalogus/{name}.json").json
        return cls(document=document.json, needs=told["criteria"])

    @property
    def contract(self) -> str:
        """By which contract it is asked: who offers it, and what it is called there."""
        return f"{self.needs['fsc']['peerId']}/{self.needs['fsc']['service']}"

    @property
    def purposes(self) -> list[str]:
        """For which purposes it may be asked."""
        return [each["uri"] for each in self.needs["purposes"]]

    @property
    def base(self) -> str:
        """The path before every operation, as the first server has it."""
        return urlsplit(str(self.document["servers"][0]["url"])).path.rstrip("/")

    def post(self, ending: str) -> tuple[str, Json]:
        """The one operation whose path ends so."""
        [found] = [
            (path, item["post"])
            for path, item in self.document["paths"].items()
            if path.endswith(ending) and "post" in item
        ]
        return found

    def body_of(self, operation: Json) -> Json:
        """The schema of a body, complete in itself."""
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        return {**schema, "components": self.document.get("components", {})}


@dataclass(frozen=True)
class Outway:
    """The door of one's own organisation: its address, and the key it gave."""

    address: str
    key: str = field(repr=False)
    token: str = field(default="", repr=False)

    def ask(self, api: Published, path: str, body: Json, **more: str) -> Answer:
        """A question to a service, by what its description says of its use."""
        headers = {
            "X-Api-Key": self.key,
            "Fsc-Grant-Alias": api.contract,
            "Doelbinding": api.purposes[0],
            **({"Authorization": f"Bearer {self.token}"} if self.token else {}),
            **{name.replace("_", "-"): value for name, value in more.items()},
        }
        return http("POST", f"{self.address}{api.base}{path}", headers=headers, body=body)


@dataclass
class Field:
    """One field of a form, as a schema describes it."""

    path: tuple[str, ...]
    schema: Json
    required: bool
    value: Json = None
    source: str = ""

    @property
    def name(self) -> str:
        """Its name in the form."""
        return ".".join(self.path)

    def as_html(self) -> str:
        """The field in HTML, with nothing that the schema does not say."""
        name, label = html.escape(self.name), html.escape(self.schema.get("title", self.name))
        rule = " required" if self.required else ""
        shown = "" if self.value is None else html.escape(str(self.value))
        if "enum" in self.schema:
            options = "".join(
                f"<option>{html.escape(each)}</option>" for each in self.schema["enum"]
            )
            box = f'<select id="{name}" name="{name}"{rule}><option></option>{options}</select>'
        else:
            kind = {"integer": "number"}.get(self.schema.get("type", ""), "text")
            kind = "date" if self.schema.get("format") == "date" else kind
            for word, key in (("maxlength", "maxLength"), ("min", "minimum")):
                rule += f' {word}="{self.schema[key]}"' if key in self.schema else ""
            box = f'<input type="{kind}" id="{name}" name="{name}" value="{shown}"{rule}>'
        where = f"<small>Bron: {html.escape(self.source)}</small>" if self.source else ""
        return f'<p><label for="{name}">{label}</label><br>{box}{where}</p>'


def fields_of(schema: Json, path: tuple[str, ...] = ()) -> Iterator[Field]:
    """The fields of an object, those of objects in it too; a list is not asked of people."""
    needed = set(schema.get("required", ()))
    for name, each in schema["properties"].items():
        if each.get("type") == "object":
            yield from fields_of(each, (*path, name))
        elif each.get("type") != "array":
            yield Field(path=(*path, name), schema=each, required=name in needed)


@dataclass
class Form:
    """A form made of a description: what is asked, filled in, sent."""

    api: Published
    path: str
    operation: Json
    fields: list[Field]

    @classmethod
    def of(cls, api: Published) -> Form:
        """The form of the operation that registers something."""
        path, operation = api.post("/_registreer")
        content = api.body_of(operation)["properties"]["inhoud"]
        return cls(api=api, path=path, operation=operation, fields=list(fields_of(content)))

    def fill_in(self, answer: Json) -> None:
        """Put what was found in the fields of the same name, each with its source."""
        found = dict(_leaves(answer["resultaten"][0])) if answer["resultaten"] else {}
        for each in self.fields:
            fits = [p for p in found if p == each.path] or [
                p for p in found if p[-1] == each.path[-1]
            ]
            if fits and found[fits[0]] is not None:
                each.value = found[fits[0]]
                where = answer["herkomst"].get("/0/" + "/".join(fits[0]), {})
                each.source = f"{where.get('bron', '')}, {where.get('bronhouder', '')}".strip(", ")

    def as_html(self) -> str:
        """The page."""
        inside = "".join(each.as_html() for each in self.fields)
        title = html.escape(self.api.document["info"]["title"])
        return (
            '<!doctype html><html lang="nl"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{title}</title></head><body><main><h1>{title}</h1>"
            f'<form method="post">{inside}<button>Verstuur</button></form></main></body></html>'
        )

    def body(self, given: Mapping[str, str], **rest: str) -> Json:
        """What is sent, of what stands in the page. Raises ValidationError by the schema."""
        content: Json = {}
        for each in self.fields:
            text = given.get(each.name, "")
            if text == "":
                continue
            at = content
            for step in each.path[:-1]:
                at = at.setdefault(step, {})
            at[each.path[-1]] = int(text) if each.schema.get("type") == "integer" else text
        body = {"inhoud": content, **rest}
        jsonschema_rs.validator_for(self.api.body_of(self.operation)).validate(body)
        return body

    def identification(self) -> str:
        """A new one that fits the pattern of the parameter: letters and digits by chance."""
        [given] = [each for each in self.operation["parameters"] if each["in"] == "path"]
        found = re.fullmatch(r"\^(.*?)\[([^\]]+)\]\{(\d+)\}\$", given["schema"]["pattern"])
        assert found is not None, given
        characters = "".join(
            "".join(map(chr, range(ord(a), ord(b) + 1)))
            for a, b in re.findall(r"(.)-(.)", found[2])
        )
        return found[1] + "".join(secrets.choice(characters) for _ in range(int(found[3])))

    def send(self, outway: Outway, number: str, body: Json, key: str) -> Answer:
        """Register it: a new one, once for this key."""
        known = {each["name"] for each in self.operation["parameters"] if each["in"] == "header"}
        assert {"If-None-Match", "Idempotency-Key"} <= known
        path = re.sub(r"\{[^}]+\}", quote(number), self.path)
        more = {"If_None_Match": "*", "Idempotency_Key": key, "Zaak": number}
        return outway.ask(self.api, path, body, **more)


def _leaves(value: Json, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Json]]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _leaves(each, (*path, name))
    else:
        yield path, value
