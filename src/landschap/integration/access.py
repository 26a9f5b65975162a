# SPDX-License-Identifier: EUPL-1.2
"""How each kind of source is reached, as values: register, REST, database, file, SOAP.

Addresses and keys of databases and services stand in files of the secrets folder; a declaration
names the file only, so it can be shown to anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodPaths:
    """Where a record tells its period: dotted paths (or columns), empty when it does not."""

    begin: str = ""
    end: str = ""
    registered: str = ""

    @property
    def named(self) -> tuple[str, ...]:
        """Those that are given."""
        return tuple(path for path in (self.begin, self.end, self.registered) if path)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterAccess:
    """One of our own registers, read as of a day and a moment."""

    register: str
    object_type: str

    @property
    def words(self) -> str:
        """What it is, for drawings and lists."""
        return f"register {self.register}.{self.object_type}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """Files of the secrets folder for TLS, empty when not used: whom is trusted instead of the
    system's list, and our own certificate and its key (mTLS).
    """

    trusted: str = ""
    certificate: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OauthAccess:
    """Where a token is asked by client credentials. Source: RFC 6749, section 4.4."""

    url: str
    client: str
    secret_file: str
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RestAccess:
    """A REST source. ``url`` holds the key's name in braces, for example ``{identificatie}``.

    ``batch`` is the number of keys per request (joined by a comma); ``records`` is the dotted
    path to the list of records, empty when the answer itself is the record;
    ``fields_parameter`` is the query key that names the needed columns, empty when there is none;
    ``secret_header`` and ``secret_file`` give the key that opens the source. ``contract`` names the
    connection by which our own Outway asks it of another organisation, empty when it is asked
    directly; ``purpose`` is for what, empty for the purpose that we were asked for ourselves.
    ``next_path`` is the dotted path to the address of the next page, or ``Link`` for the header,
    empty when answers have no pages; ``max_pages`` bounds them. ``complete`` says that the source
    writes every asked column, also when it is empty, so that an absent one is a fault.
    """

    url: str
    batch: int
    concurrency: int
    records: str
    fields_parameter: str
    secret_header: str
    secret_file: str
    period: PeriodPaths
    clock: str
    max_bytes: int
    contract: str = ""
    purpose: str = ""
    next_path: str = ""
    max_pages: int = 1
    complete: bool = False
    tls: TlsFiles = TlsFiles()
    oauth: OauthAccess | None = None

    @property
    def words(self) -> str:
        """What it is, for drawings and lists."""
        return f"REST, {self.batch} keys per request"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseAccess:
    """A table or view of a relational database, read only.

    ``secret_file`` holds its address (``postgresql://user:password@host/database``); ``table`` may
    begin with a schema. With a period, rows are asked as of the day of the question.
    """

    secret_file: str
    table: str
    period: PeriodPaths
    clock: str
    connections: int

    @property
    def words(self) -> str:
        """What it is, for drawings and lists."""
        return f"database table {self.table}"


class FileForm(StrEnum):
    """How a file is written. File: ``vorm``."""

    CSV = "csv"
    EXCEL = "excel"
    JSON_LINES = "jsonl"
    JSON = "json"
    GEOJSON = "geojson"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreAccess:
    """A store that speaks S3, with the bucket in the path. File: ``opslag``.

    ``secret_file`` holds two lines, the access key and its secret; ``trusted`` is a file with the
    certificates that are trusted as well, empty when the system's are enough. The object is looked
    at every ``look_seconds``, and fetched within ``fetch_seconds``.
    """

    endpoint: str
    bucket: str
    secret_file: str
    region: str
    trusted: str
    max_bytes: int
    look_seconds: int
    fetch_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAccess:
    """A file of rows, taken into an indexed snapshot whenever it changes.

    ``path`` is relative to the folder of the declarations, or the key of an object in ``store``.
    Separator, quote and encoding of CSV are never guessed: a guess that is wrong on line 24,000
    loses rows. ``records`` is the dotted path to the list in a JSON document; ``sheet`` the sheet
    of an Excel file, empty for its first.
    """

    path: str
    form: FileForm
    separator: str
    quote: str
    encoding: str
    sheet: str
    records: str
    period: PeriodPaths
    clock: str
    store: StoreAccess | None = None

    @property
    def words(self) -> str:
        """What it is, for drawings and lists."""
        bucket = f" of bucket {self.store.bucket}" if self.store else ""
        return f"{self.form} file {self.path}{bucket}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaFiles:
    """The XML Schema that messages are held against: ``file`` in ``folder``, which lies beside the
    declaration and holds every schema that it leads to.
    """

    folder: str
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class XmlColumn:
    """Where one column stands in a record of XML. ``stuf_date`` also reads how much is known."""

    path: str
    stuf_date: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SoapAccess:
    """A SOAP service that is asked for one key at a time with a message from a template.

    ``template`` is an XML file beside the declaration; in it ``{sleutel}`` is the key, and an
    element with the attribute ``kolom`` of the namespace ``urn:landschap:vraag`` is sent only when
    that column is needed. ``records`` is the XPath of the records in the answer, ``columns`` gives
    that of each column inside a record.
    """

    url: str
    action: str
    template: str
    namespaces: Mapping[str, str]
    records: str
    columns: Mapping[str, XmlColumn]
    concurrency: int
    secret_header: str
    secret_file: str
    period: PeriodPaths
    clock: str
    max_bytes: int
    complete: bool = False
    tls: TlsFiles = TlsFiles()
    oauth: OauthAccess | None = None
    schema: SchemaFiles | None = None

    @property
    def words(self) -> str:
        """What it is, for drawings and lists."""
        return f"SOAP, {self.template}"


Access = RegisterAccess | RestAccess | DatabaseAccess | FileAccess | SoapAccess
