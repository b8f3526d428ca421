"""Who called: the columns people filter on, out of `userIdentity`.

Format: AWS CloudTrail User Guide, "CloudTrail userIdentity element". Every member of it can be absent, and the whole
element can be null.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec


class _Issuer(msgspec.Struct, gc=False):
    arn: str | None = None
    user_name: str | None = msgspec.field(name="userName", default=None)


class _Session(msgspec.Struct, gc=False):
    issuer: _Issuer | None = msgspec.field(name="sessionIssuer", default=None)


class _UserIdentity(msgspec.Struct, gc=False):
    type: str | None = None
    principal_id: str | None = msgspec.field(name="principalId", default=None)
    arn: str | None = None
    account_id: str | None = msgspec.field(name="accountId", default=None)
    access_key_id: str | None = msgspec.field(name="accessKeyId", default=None)
    user_name: str | None = msgspec.field(name="userName", default=None)
    invoked_by: str | None = msgspec.field(name="invokedBy", default=None)
    session: _Session | None = msgspec.field(name="sessionContext", default=None)


_decoder = msgspec.json.Decoder(_UserIdentity, strict=False)

COLUMNS = {
    "type": "identity_type",
    "arn": "identity_arn",
    "key": "identity_key",
    "account_id": "identity_account_id",
    "user_name": "identity_user_name",
    "invoked_by": "identity_invoked_by",
    "access_key_id": "access_key_id",
}
"""The column of each field of `Identity`."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The caller of one record, as far as its `userIdentity` tells."""

    type: str | None = None
    arn: str | None = None
    key: str | None = None
    account_id: str | None = None
    user_name: str | None = None
    invoked_by: str | None = None
    access_key_id: str | None = None


NOBODY = Identity()


def parse_identity(text: str | bytes | None) -> Identity:
    """Read a `userIdentity`; one that is absent, null or of an unknown shape gives `NOBODY`."""
    if text is None:
        return NOBODY
    try:
        found = _decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return NOBODY
    issuer = found.session.issuer if found.session else None
    return Identity(
        type=found.type,
        arn=found.arn,
        key=_key(found),
        account_id=found.account_id,
        user_name=found.user_name or (issuer.user_name if issuer else None),
        invoked_by=found.invoked_by,
        access_key_id=found.access_key_id or None,
    )


def _key(identity: _UserIdentity) -> str | None:
    """Name the caller the way AWS's attributions do: sessions of one role are one, services go by their host name."""
    if identity.arn:
        return without_session(identity.arn)
    if identity.invoked_by:
        return identity.invoked_by
    if identity.principal_id and identity.type != "AssumedRole":
        return identity.principal_id
    # Sign-ins that fail tell neither ARN nor principal, only the name that was typed in.
    return identity.user_name or identity.account_id


def without_session(arn: str) -> str:
    """Cut the session name off an assumed role's ARN; other ARNs stay as they are.

    >>> without_session("arn:aws:sts::111122223333:assumed-role/CI/build-7")
    'arn:aws:sts::111122223333:assumed-role/CI'
    """
    head, found, rest = arn.partition(":assumed-role/")
    return f"{head}{found}{rest.split('/', 1)[0]}" if found else arn
