# SPDX-License-Identifier: EUPL-1.2
"""The rules by their code: which design rule each belongs to, why it is there, how to mend it.

Source: NL GOV REST API Design Rules 2.2; digest "Rules (ADR 2.2, develop)".
"""

from __future__ import annotations

from collections.abc import Mapping

from landschap.catalogue.findings import Rule, Severity

_E, _W = Severity.ERROR, Severity.WARNING
_PUBLISH = "/core/publish-openapi"
_COPIED = "People copy examples; a wrong one costs them a day."


def _rule(code: str, name: str, why: str, mend: str, severity: Severity = _E) -> Rule:
    return Rule(code=code, severity=severity, name=name, why=why, mend=mend)


_ALL = (
    _rule("parser", "OpenAPI", "Readers take such a key in different ways.",
          "Write each key once, and in quotes when it looks like a number."),
    _rule("invalid-ref", "OpenAPI", "Who reads the document alone can not follow the reference.",
          "Write what it names in components of this document."),
    _rule("unrecognized-format", "OpenAPI", "What is not known can not be checked.",
          "Write the document in OpenAPI 3.0 or 3.1.", _W),
    _rule("oas3-schema", _PUBLISH, "Tools read a document only when it has the form of OpenAPI.",
          "Give the place the form that OpenAPI describes."),
    _rule("operation-operationId-unique", _PUBLISH, "Generated clients name a function after it.",
          "Give each operation a name of its own."),
    _rule("path-params", _PUBLISH, "A parameter of a path that is not described can not be filled.",
          "Describe each {name} of the path once, with in: path and required: true."),
    _rule("openapi-tags-uniqueness", _PUBLISH, "Pages group operations by their tag.",
          "Describe each tag once."),
    _rule("oas3-valid-media-example", _PUBLISH, _COPIED,
          "Make the example what the schema says, or the schema what the API does."),
    _rule("oas3-valid-schema-example", _PUBLISH, _COPIED,
          "Make the example or default what the schema says, or the schema what the API does."),
    _rule("oas3-server-variables", _PUBLISH, "An address with an unknown part can not be called.",
          "Describe each {variable} of the address, with a default out of its values."),
    _rule("oas3-api-servers", _PUBLISH, "Without servers nobody knows where the API is.",
          "Add servers with the address of each environment."),
    _rule("path-keys-no-trailing-slash", "/core/no-trailing-slash",
          "With and without a slash are two addresses; only one of them works.",
          "Leave the slash at the end out."),
    _rule("nlgov:paths-no-trailing-slash", "/core/no-trailing-slash",
          "With and without a slash are two addresses; only one of them works.",
          "Leave the slash at the end out."),
    _rule("nlgov:openapi3", "/core/doc-openapi", "Tools of today read version 3.",
          "Write the document in OpenAPI 3.0 or 3.1."),
    _rule("nlgov:openapi-root-exists", "/core/doc-openapi", "It tells which version to read it by.",
          "Add openapi: 3.0.3 or 3.1.0."),
    _rule("nlgov:missing-header", "/core/version-header",
          "The caller sees in each answer which version gave it.",
          "Describe headers of the response, API-Version among them."),
    _rule("nlgov:missing-version-header", "/core/version-header",
          "The caller sees in each answer which version gave it.",
          "Describe the header API-Version."),
    _rule("nlgov:include-major-version-in-uri", "/core/uri-version",
          "Two major versions stand side by side during a change.",
          "Let the address of the server end in /v1."),
    _rule("info-contact", "/core/doc-openapi-contact", "Who has a question knows whom to ask.",
          "Add info.contact of the team."),
    _rule("nlgov:info-contact-fields-exist", "/core/doc-openapi-contact",
          "Who has a question knows whom to ask.", "Give the contact a name, an email and a url."),
    _rule("nlgov:http-methods", "/core/http-methods", "Other methods have no agreed meaning.",
          "Use get, post, put, patch or delete."),
    _rule("nlgov:paths-kebab-case", "/core/path-segments-kebab-case",
          "One way of writing makes addresses easy to guess.",
          "Write segments in lower case, words with a hyphen between; an operation begins with _."),
    _rule("nlgov:query-keys-camel-case", "/core/query-keys-camel-case",
          "One way of writing makes parameters easy to guess.", "Write the key in lowerCamelCase."),
    _rule("nlgov:schema-camel-case", "good practice", "Generated clients make a class of each.",
          "Write the name in PascalCase.", _W),
    _rule("nlgov:servers-use-https", "/core/transport/tls", "Everything goes encrypted.",
          "Let the address begin with https://.", _W),
    _rule("nlgov:use-problem-schema", "/core/error-handling/problem-details",
          "Every client understands the same form of error.",
          "Answer errors as application/problem+json."),
    _rule("nlgov:problem-schema-members", "/core/error-handling/problem-details",
          "Every client understands the same form of error.",
          "Give the schema status, title and detail."),
    _rule("nlgov:problem-invalid-input", "/core/error-handling/invalid-input",
          "The caller knows how wrong input is told.", "Describe the response 400."),
    _rule("nlgov:date-time-ensure-timezone", "/core/date-time/timezone",
          "A moment without offset is another moment for each reader.", "Use format: date-time."),
    _rule("nlgov:time-without-timezone", "/core/date-time/format",
          "RFC 3339 gives a time an offset, which a time of the day does not have.",
          "Use format: time-local."),
    _rule("nlgov:specify-format-for-date-and-time", "/core/date-time/date-omit-time-portion",
          "Without a format a day may be written in any way.", "Add format: date."),
    _rule("nlgov:use-date-instead-of-datetime", "/core/date-time/date-omit-time-portion",
          "A made-up time of the day shifts a day over a border of zones.",
          "Use format: date; call a moment tijdstip..."),
    _rule("nlgov:semver", "/core/semver", "Tools compare versions.",
          "Write the version as major.minor.patch."),
)  # fmt: skip

RULES: Mapping[str, Rule] = {each.code: each for each in _ALL}
