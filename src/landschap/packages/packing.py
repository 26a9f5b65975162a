# SPDX-License-Identifier: EUPL-1.2
"""Making a package of the files of an organisation, and opening one that came.

Packing: the files are read and must be right, parameters are taken out, what is left is looked at
for what may not leave, and the whole is signed. Opening goes the other way and believes nothing:
form, digests, signature and names are seen to before a line of it is read as configuration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from landschap.fsc.certificates import PeerCertificate, Trust
from landschap.fsc.own import Signer
from landschap.packages.form import BrokenPackage, packed, unpacked
from landschap.packages.guarding import finds_in
from landschap.packages.heading import Heading
from landschap.packages.kinds import kind_of
from landschap.packages.manifest import (
    CERTIFICATES,
    FORM,
    MANIFEST,
    SIGNATURE,
    Manifest,
    Part,
    check_files,
    digest_of,
    read_manifest,
    written,
)
from landschap.packages.parameters import (
    KINDS,
    NAME,
    PLACE,
    Value,
    filled,
    places_in,
    taken_out,
)
from landschap.packages.signing import certificates_of, signature_of, signer_of
from landschap.packages.whole import (
    Content,
    ContentError,
    Texts,
    local_names,
    misfits,
    read_content,
    read_policies,
)
from landschap.purposes.model import Register
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.trying import try_out
from landschap.vocabulary.mistakes import Mistake


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A package that was made: its bytes, and what it says of itself."""

    data: bytes
    manifest: Manifest
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A package of which everything holds; ``texts`` still have parameters in them."""

    manifest: Manifest
    digest: str
    signer: PeerCertificate
    texts: Texts
    data: bytes

    def filled(self, values: Mapping[str, Value]) -> dict[str, str]:
        """Its files with these values. There is one for each parameter."""
        return {name: filled(text, values) for name, text in self.texts.items()}


def make(heading: Heading, files: Texts, signer: Signer, now: datetime) -> Made:
    """A package of these files. Raises ContentError with everything that is wrong with them."""
    owner = str(signer.certificate.peer_id)
    chosen = {name: text for name, text in files.items() if not heading.leaves_out(name)}
    content, register = read_content(chosen), read_policies(chosen, owner)
    wrong = [*misfits(content, register, chosen), *_failing(content, register, now)]
    wrong += _not_there(heading, files)
    texts, used = _without_values(heading, chosen, wrong)
    wrong += [
        _mistake("pakket.toml", f"parameters.{each.name}", "its value stands in no file")
        for each in heading.parameters
        if each.name not in used
    ]
    wrong += finds_in(texts, heading.shared)
    wrong += _still_local(chosen, texts, heading)
    if not texts:
        wrong.append(_mistake("pakket.toml", "file", "there is nothing beside it to pack"))
    if wrong:
        raise ContentError(wrong)
    raw = {name: text.encode() for name, text in texts.items()}
    manifest = Manifest(
        form=FORM,
        name=heading.name,
        version=heading.version,
        title=heading.title,
        program=heading.program,
        publisher=owner,
        publisher_name=signer.certificate.name,
        parameters={each.name: each.described for each in heading.parameters},
        parts=tuple(_parts(content, register)),
        files={name: digest_of(text) for name, text in raw.items()},
    )
    head = written(manifest)
    proof = {
        MANIFEST: head,
        SIGNATURE: signature_of(head, signer),
        CERTIFICATES: certificates_of(signer),
    }
    return Made(data=packed({**raw, **proof}), manifest=manifest, digest=digest_of(head))


def open_package(data: bytes, trust: Trust) -> Opened:
    """The package in these bytes. Raises BrokenPackage and UntrustedPackage."""
    files = unpacked(data)
    for name in (MANIFEST, SIGNATURE, CERTIFICATES):
        if name not in files:
            raise BrokenPackage(f"it is no package: it has no {name}")
    head, signature, pem = (files.pop(name) for name in (MANIFEST, SIGNATURE, CERTIFICATES))
    manifest = read_manifest(head)
    check_files(manifest, files)
    signer = signer_of(head, signature, pem, trust)
    if str(signer.peer_id) != manifest.publisher:
        raise BrokenPackage(f"it says it is of {manifest.publisher}, {signer.peer_id} signed it")
    texts = {name: _text(name, content) for name, content in files.items()}
    _check_parameters(manifest, texts)
    return Opened(manifest=manifest, digest=digest_of(head), signer=signer, texts=texts, data=data)


def _check_parameters(manifest: Manifest, texts: Texts) -> None:
    for name, each in manifest.parameters.items():
        if each.kind not in KINDS or not NAME.fullmatch(name):
            raise BrokenPackage(
                f"its parameter {name[:60]!r} is of no kind that this program knows"
            )
    for file, text in texts.items():
        for name in places_in(text) - manifest.parameters.keys():
            raise BrokenPackage(f"{file} has a parameter {name!r} that its manifest does not name")


def _text(name: str, content: bytes) -> str:
    if not kind_of(name):
        raise BrokenPackage(f"{name} has no place in a package")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise BrokenPackage(f"{name} is not UTF-8 text") from None


def _without_values(
    heading: Heading, files: Texts, wrong: list[Mistake]
) -> tuple[dict[str, str], set[str]]:
    texts: dict[str, str] = {}
    used: set[str] = set()
    for name, text in files.items():
        if PLACE.search(text):
            line = text[: PLACE.search(text).start()].count("\n") + 1  # type: ignore[union-attr]
            words = "$(...) stands for a parameter in a package; write it in another way"
            wrong.append(Mistake(file=name, line=line, key="$(", message=words))
        texts[name], found = taken_out(text, heading.parameters)
        used |= found
    return texts, used


def _still_local(files: Texts, texts: Texts, heading: Heading) -> Iterator[Mistake]:
    """Machines and key files that no parameter took out."""
    for file, key, value in local_names(files):
        if value in texts[file] and value not in heading.shared:
            line = next(n for n, each in enumerate(texts[file].splitlines(), 1) if value in each)
            kind = "address" if "url" in key or "address" in key or key in _MACHINES else "file"
            words = f"is of this place only; make it a parameter of kind {kind}"
            yield Mistake(file=file, line=line, key=key, message=words)


_MACHINES = ("upstream", "inways")


def _failing(content: Content, register: Register, now: datetime) -> Iterator[Mistake]:
    snapshot = Snapshot(register)
    for trial in content.trials:
        for difference in try_out(trial, snapshot, now).differences:
            yield _mistake(trial.file, trial.name, f"this test does not hold: {difference}")


def _not_there(heading: Heading, files: Texts) -> Iterator[Mistake]:
    for each in heading.left_out:
        if not any(name == each or name.startswith(f"{each}/") for name in files):
            yield _mistake("pakket.toml", "laat_weg", f"there is no {each} to leave out")


def _parts(content: Content, register: Register) -> Iterator[Part]:
    """What is in it and has a name and a version of its own."""
    for one in content.registers.by_name.values():
        for kind in one.types.values():
            yield Part(kind="model", name=kind.key, version=kind.version)
    for source in content.declarations.values():
        yield Part(kind="logical source", name=source.name, version=source.version)
    for service in content.services:
        yield Part(kind="offered service", name=service)
    for purpose in register.purposes:
        yield Part(kind="purpose", name=purpose.uri, version=str(purpose.version))
    for field_set in register.field_sets:
        yield Part(kind="field set", name=field_set.id, version=str(field_set.version))
    for activity in register.activities:
        name = activity.uri.rpartition("/")[2]
        yield Part(kind="activity", name=name, version=str(activity.version))
    for policy in register.policies:
        yield Part(kind="policy", name=policy.id, version=str(policy.version))


def _mistake(file: str, key: str, message: str) -> Mistake:
    return Mistake(file=file, line=1, key=key, message=message)
