# SPDX-License-Identifier: EUPL-1.2
"""A file in a store that speaks S3: looked at by its entity tag, fetched whole when it changed.

What is fetched is in a folder that only we may read, and is removed as soon as it was read; what a
process that was killed left behind is removed by the next that fetches. Of the words of a store
nothing is repeated: they may hold addresses and names.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

import obstore
from obstore import exceptions as refusals
from obstore.store import S3Store

from landschap.integration.access import StoreAccess
from landschap.integration.connectors.file_rows import UnreadableFile
from landschap.integration.connectors.places import Stamp
from landschap.integration.rows import Reason

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ClientConfig, S3Credential

LOOK_SECONDS = 10.0
_CONNECT_SECONDS = 5.0
_SILENT_SECONDS = 30.0
_PART_BYTES = 1_000_000
_PREFIX = ".opgehaald-"
_LOCK = "slot"
_MOST_NAME = 60
_MOST_SECRET_BYTES = 1_000_000
# So long a folder may be there without its lock: between being made and being locked.
_UNLOCKED_SECONDS = 60.0


class StoredObject:
    """One object of a bucket. ``endpoint`` is the address that is asked, ``secrets`` the folder of
    the key file.
    """

    def __init__(
        self, access: StoreAccess, key: str, endpoint: str, secrets: Path | None = None
    ) -> None:
        self._access = access
        self._key = key
        self._endpoint = endpoint
        self._secrets = secrets
        self.look_again_seconds = float(access.look_seconds)

    @property
    def identity(self) -> str:
        """Its endpoint, bucket and key."""
        return f"s3 {self._access.endpoint} {self._access.bucket} {self._key}"

    @property
    def stem(self) -> str:
        """The last part of its key without the suffix."""
        return PurePosixPath(self._key).stem[:_MOST_NAME]

    def check(self) -> None:
        """Look whether its key files can be used. Raises OSError and ValueError."""
        self._keys()
        self._trusted()

    def stamp(self) -> Stamp:
        """Its state now, asked of the store. Raises UnreadableFile."""
        with self._told(LOOK_SECONDS) as store:
            return self._stamp_of(obstore.head(store, self._key))

    @contextmanager
    def opened(self, stamp: Stamp, folder: Path) -> Iterator[Path]:
        """A copy of the object in this state. Raises UnreadableFile, with its reason."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        remove_left(folder)
        with private_folder(folder) as own:
            copy = own / PurePosixPath(self._key).name[-_MOST_NAME:]
            self._fetch(stamp, copy)
            yield copy

    def _fetch(self, stamp: Stamp, copy: Path) -> None:
        limit = float(self._access.fetch_seconds)
        ends = time.monotonic() + limit
        with self._told(limit) as store, copy.open("xb") as target:
            # Only this state of it: what is written meanwhile is another one, for the next time.
            found = obstore.get(store, self._key, options={"if_match": stamp.tag or None})
            if self._stamp_of(found.meta) != stamp:
                raise self._failed("was written to while it was fetched", Reason.UNREADABLE)
            read = 0
            for part in found.stream(min_chunk_size=_PART_BYTES):
                read += len(part)
                if read > self._access.max_bytes:
                    raise self._too_large()
                if time.monotonic() > ends:
                    raise self._failed(_SLOW, Reason.TOO_LATE)
                target.write(part)
            if read != stamp.size:
                raise self._failed("came in half", Reason.UNREADABLE)

    def _stamp_of(self, told: ObjectMeta) -> Stamp:
        if told["size"] > self._access.max_bytes:
            raise self._too_large()
        written = told["last_modified"].timestamp()
        return Stamp(
            size=told["size"], written_ns=round(written * 1e6) * 1_000, tag=told["e_tag"] or ""
        )

    @contextmanager
    def _told(self, seconds: float) -> Iterator[S3Store]:
        """The store, asked with a limit; what it refuses is an UnreadableFile with a reason."""
        begun = time.monotonic()
        try:
            yield self._store(seconds)
        except (refusals.PermissionDeniedError, refusals.UnauthenticatedError):
            words = f"the store refuses the key in {self._access.secret_file}"
            raise self._failed(
                f"{words} for bucket {self._access.bucket}", Reason.REFUSED
            ) from None
        except (refusals.NotFoundError, FileNotFoundError):
            words = f"there is no such object in bucket {self._access.bucket}, or no such bucket"
            raise self._failed(words, Reason.UNREADABLE) from None
        except refusals.PreconditionError:
            raise self._failed("was written to while it was fetched", Reason.UNREADABLE) from None
        except refusals.BaseError:
            late = time.monotonic() - begun >= min(seconds, _CONNECT_SECONDS)
            words, reason = (_SLOW, Reason.TOO_LATE) if late else (_GONE, Reason.UNREACHABLE)
            raise self._failed(words, reason) from None
        except (OSError, ValueError) as error:
            words = getattr(error, "strerror", None) or str(error)
            raise self._failed(f"its key or copy: {words}", Reason.UNREACHABLE) from None

    def _store(self, seconds: float) -> S3Store:
        """Made for each look, so that a key that was renewed is used at once."""
        identity, secret = self._keys()

        def given() -> S3Credential:
            return {"access_key_id": identity, "secret_access_key": secret, "expires_at": None}

        options: ClientConfig = {
            "allow_http": self._endpoint.startswith("http://"),
            "connect_timeout": timedelta(seconds=_CONNECT_SECONDS),
            "read_timeout": timedelta(seconds=min(seconds, _SILENT_SECONDS)),
            "timeout": timedelta(seconds=seconds),
            "user_agent": "landschap",
            # No proxy of the environment. The one that is named is nowhere, and used for every host
            # but that of the store: the client can not be kept from following a redirect, and so
            # one to another host ends there.
            "proxy_url": "http://127.0.0.1:9",
            "proxy_excludes": urlsplit(self._endpoint).hostname or "",
        }
        if trusted := self._trusted():
            options["root_certificate"] = trusted
        return S3Store(
            self._access.bucket,
            endpoint=self._endpoint,
            region=self._access.region,
            # Given so, nothing is taken from the environment beside it, such as a session token.
            credential_provider=given,
            virtual_hosted_style_request=False,
            client_options=options,
            retry_config={"max_retries": 1, "retry_timeout": timedelta(seconds=min(seconds, 5.0))},
        )

    def _keys(self) -> tuple[str, str]:
        lines = self._secret(self._access.secret_file).decode("utf-8", "replace").split()
        if len(lines) != 2:
            raise ValueError(
                f"{self._access.secret_file} must hold two lines: the access key and its secret"
            )
        return lines[0], lines[1]

    def _trusted(self) -> bytes:
        return self._secret(self._access.trusted) if self._access.trusted else b""

    def _secret(self, name: str) -> bytes:
        path = self._secrets / name if self._secrets else Path(name)
        with path.open("rb") as opened:
            return opened.read(_MOST_SECRET_BYTES)

    def _too_large(self) -> UnreadableFile:
        words = f"is over {self._access.max_bytes} bytes (hoogstens_bytes)"
        return self._failed(words, Reason.TOO_LARGE)

    def _failed(self, words: str, reason: Reason) -> UnreadableFile:
        return UnreadableFile(f"{self._key}: {words}", reason)


_SLOW = "the store gives it too slowly"
_GONE = "the store does not answer; is its address right, and its certificate trusted?"


@contextmanager
def private_folder(folder: Path) -> Iterator[Path]:
    """A folder of our own inside it, removed at the end whatever happens."""
    own = Path(tempfile.mkdtemp(dir=folder, prefix=_PREFIX))
    try:
        with (own / _LOCK).open("xb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield own
    finally:
        shutil.rmtree(own, ignore_errors=True)


def remove_left(folder: Path) -> None:
    """Remove what processes left that are no longer there: nobody holds its lock."""
    for each in folder.glob(f"{_PREFIX}*"):
        with suppress(OSError), (each / _LOCK).open("rb") as lock:
            age = time.time() - each.stat().st_mtime
            if age > _UNLOCKED_SECONDS and _is_free(lock):
                shutil.rmtree(each, ignore_errors=True)


def _is_free(lock: IO[bytes]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
