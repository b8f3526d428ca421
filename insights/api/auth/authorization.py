"""The `Authorization` header of AWS's Signature Version 4, taken apart.

    AWS4-HMAC-SHA256 Credential=ID/20261101/us-east-1/cloudtrail/aws4_request, SignedHeaders=host;…, Signature=…

Format: AWS IAM User Guide, "Create a signed AWS API request".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from insights.api.errors import AuthError

ALGORITHM = "AWS4-HMAC-SHA256"
SERVICE = "cloudtrail"
TERMINATOR = "aws4_request"
_PARAMETERS = ("Credential", "SignedHeaders", "Signature")
_LONGEST = 4096
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]{2,12}){1,3}-\d{1,2}")
_HEADER_NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")
_SIGNATURE = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Authorization:
    """What a request says of its signature; nothing of it is proven.

    Attributes:
        key_id: The access key's id.
        date: Of the credential scope, YYYYMMDD.
        region: The Region it was signed for.
        service: The service it was signed for.
        terminator: The scope's last part, `aws4_request`.
        signed_headers: Lower-case names, sorted.
        signature: 64 hexadecimal digits.
    """

    key_id: str
    date: str
    region: str
    service: str
    terminator: str
    signed_headers: tuple[str, ...]
    signature: str

    def misdirection(self, day: str) -> str | None:
        """Tell what is wrong with the scope of a request of a day (YYYYMMDD), None where nothing is."""
        if not _REGION.fullmatch(self.region):
            return "Credential should be scoped to a valid region."
        if self.service != SERVICE:
            return f"Credential should be scoped to correct service: '{SERVICE}'."
        if self.terminator != TERMINATOR:
            return f"Credential should be scoped with a valid terminator: '{TERMINATOR}'."
        if self.date != day:
            return "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP."
        return None


def parse_authorization(text: str) -> Authorization:
    """Take a header's value apart.

    Raises:
        AuthError: it is not of this form; what stands in it is not repeated.
    """
    algorithm, _, rest = text.strip().partition(" ")
    if len(text) > _LONGEST:
        raise incomplete(f"the Authorization header is longer than {_LONGEST} characters.")
    if algorithm != ALGORITHM:
        raise incomplete(f"Unsupported AWS 'algorithm' (only {ALGORITHM}).")
    found = _parameters(rest)
    parts = found["Credential"].split("/")
    if len(parts) != 5:
        raise incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term."
        )
    names = tuple(found["SignedHeaders"].split(";"))
    if not all(_HEADER_NAME.fullmatch(name) for name in names) or list(names) != sorted(set(names)):
        raise incomplete("SignedHeaders must be lower-case names of headers, sorted, each once.")
    if not _SIGNATURE.fullmatch(found["Signature"]):
        raise incomplete("Signature must be 64 hexadecimal digits.")
    key_id, date, region, service, terminator = parts
    return Authorization(key_id, date, region, service, terminator, names, found["Signature"])


def incomplete(message: str) -> AuthError:
    """Make the error of a signature that is not of the form it must have."""
    return AuthError("IncompleteSignatureException", 403, message)


def _parameters(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in text.split(","):
        name, equals, value = part.strip().partition("=")
        if not equals or name not in _PARAMETERS or name in found:
            raise incomplete(f"the Authorization header must have {', '.join(_PARAMETERS)}, each once.")
        found[name] = value
    missing = [name for name in _PARAMETERS if not found.get(name)]
    if missing:
        raise incomplete(" ".join(f"Authorization header requires '{name}' parameter." for name in missing))
    return found
