"""What a call asks and what it is answered: plausible parameters from an API's name.

Nothing analyses these members; they give records the size, shape and nulls that real ones have. The member names follow
the services' habits (`maxResults`, `<thing>Name`, EC2's `…Set` and `items`), not each service's model.
"""

from __future__ import annotations

import re
from typing import Any

from insights.errors import SettingsError
from insights.simulate.services import Api

ACCOUNT_ID = "0@account@0"
REGION = "0@region@0"
"""Stand for the account and Region of a record, so that bodies can be shared."""

UNIQUE_ID = "0@unique@id@0"
"""Stands in a response for seventeen hex digits that no other record has."""

CALLER_ARN = "0@caller@0"
"""Stands in an error message for the ARN of who was refused."""

FAILURES: tuple[tuple[str, str], ...] = (
    ("AccessDenied", "User: {arn} is not authorized to perform: {service}:{name} on resource: {resource}"),
    ("ThrottlingException", "Rate exceeded"),
    ("ResourceNotFoundException", "Requested resource not found: {thing}"),
    ("ValidationException", "1 validation error detected: Value at '{member}' failed to satisfy constraint"),
    ("Client.UnauthorizedOperation", "You are not authorized to perform this operation."),
    ("Client.RequestLimitExceeded", "Request limit exceeded."),
    ("Client.InvalidInstanceID.NotFound", "The instance ID 'i-0a1b2c3d4e5f67890' does not exist"),
    ("Client.InvalidParameterValue", 'Value "{thing}" for parameter {member} is invalid.'),
    ("NoSuchBucketPolicy", "The bucket policy does not exist"),
    ("NoSuchTagSet", "The TagSet does not exist"),
    ("NoSuchEntityException", "The role with name {thing} cannot be found."),
    ("ParameterNotFound", ""),
    ("AlreadyExistsException", "{thing} already exists"),
    ("ExpiredTokenException", "The security token included in the request is expired"),
)
"""Error codes and their messages; an empty message is left out, as some services do."""

_PLACES = {code: place for place, (code, _) in enumerate(FAILURES)}
_USUAL = ("AccessDenied", "ThrottlingException", "ResourceNotFoundException", "ValidationException")
_USUAL_OF_SERVICE = {
    "ec2": (
        "Client.UnauthorizedOperation",
        "Client.RequestLimitExceeded",
        "Client.InvalidInstanceID.NotFound",
        "Client.InvalidParameterValue",
    ),
    "s3": ("AccessDenied", "NoSuchBucketPolicy", "NoSuchTagSet", "AccessDenied"),
    "iam": ("NoSuchEntityException", "AccessDenied", "NoSuchEntityException", "ValidationException"),
    "ssm": ("ParameterNotFound", "ThrottlingException", "AccessDenied", "ValidationException"),
    "sts": ("AccessDenied", "ExpiredTokenException", "AccessDenied", "ValidationException"),
    "logs": ("ResourceNotFoundException", "ThrottlingException", "AlreadyExistsException", "AccessDenied"),
}

_THINGS = ("orders", "billing", "web-frontend", "ingest", "reporting", "Zürich-archive", "sandbox", "shared-tools")

VARIANTS = len(_THINGS)
"""How many different bodies an API's records have in one account and Region."""

_RESOURCE_TYPES = {
    "kms": ("AWS::KMS::Key", "arn:aws:kms:{region}:{account}:key/3f2504e0-4f89-41d3-9a0c-{digits}"),
    "s3": ("AWS::S3::Bucket", "arn:aws:s3:::{account}-{thing}"),
    "sts": ("AWS::IAM::Role", "arn:aws:iam::{account}:role/{thing}"),
    "dynamodb": ("AWS::DynamoDB::Table", "arn:aws:dynamodb:{region}:{account}:table/{thing}"),
}


def failure_place(code: str) -> int:
    """Give the place of an error code in `FAILURES`.

    Raises:
        SettingsError: the simulation does not know the code.
    """
    if code not in _PLACES:
        raise SettingsError(f"the simulation has no error code {code!r}: choose one of {', '.join(_PLACES)}")
    return _PLACES[code]


def usual_failures(api: Api) -> tuple[int, ...]:
    """Give the places of the four errors an API gives in ordinary times, the most frequent first."""
    return tuple(failure_place(code) for code in _USUAL_OF_SERVICE.get(api.service, _USUAL))


def thing_of(variant: int) -> str:
    """Name the thing that a variant of a body is about."""
    return _THINGS[variant]


def error_message(api: Api, failure: int, variant: int) -> str | None:
    """Word the message of a failure, None where the service gives only a code."""
    thing, member = thing_of(variant), _member(api)
    words = {"arn": CALLER_ARN, "service": api.service, "name": api.event_name, "thing": thing, "member": member}
    resource = f"arn:aws:{api.service}:*:*:{member}/{thing}"
    return FAILURES[failure][1].format(**words, resource=resource) or None


def request_parameters(api: Api, variant: int) -> dict[str, Any] | None:
    """Give what a call asks for."""
    thing, member = thing_of(variant), _member(api)
    special = _special_request(api, thing)
    if special is not None:
        return special
    if api.service == "s3":
        return {"bucketName": f"{ACCOUNT_ID}-{thing}", "Host": f"{ACCOUNT_ID}-{thing}.s3.amazonaws.com"}
    if api.is_read_only:
        return _reading_request(api, member, thing, variant)
    tags = [{"key": "team", "value": thing}, {"key": "cost-centre", "value": f"{1000 + variant}"}]
    return {f"{member}Name": thing, "clientToken": f"{thing}-{variant:04d}", "dryRun": False, "tags": tags}


def response_elements(api: Api, variant: int) -> dict[str, Any] | None:
    """Give what a successful call is answered; CloudTrail writes null for nearly all reads."""
    thing, member = thing_of(variant), _member(api)
    if api.event_name == "ConsoleLogin":
        return {"ConsoleLogin": "Success"}
    if api.event_name == "AssumeRole":
        return {
            "credentials": {"accessKeyId": "ASIAIOSFODNN7EXAMPLE", "sessionToken": "SessionTokenExample"},
            "assumedRoleUser": {"arn": f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{thing}/{thing}-session"},
        }
    if api.is_read_only:
        return None
    if api.event_name == "RunInstances":
        instance = {"instanceId": f"i-{UNIQUE_ID}", "imageId": "ami-0a1b2c3d4e5f67890", "instanceType": "m5.large"}
        return {"ownerId": ACCOUNT_ID, "instancesSet": {"items": [instance | {"instanceState": _PENDING}]}}
    if re.match(r"(Create|Run|Request|Start|Register)", api.event_name):
        return {member: {f"{member}Id": f"{member.lower()}-{UNIQUE_ID}", "name": thing, "status": "CREATING"}}
    return {"requestId": UNIQUE_ID, "_return": True} if api.service == "ec2" else None


def resources(api: Api, variant: int) -> list[dict[str, str]] | None:
    """Give the `resources` member, None for the services that write none."""
    if api.service not in _RESOURCE_TYPES:
        return None
    kind, pattern = _RESOURCE_TYPES[api.service]
    arn = pattern.format(region=REGION, account=ACCOUNT_ID, thing=thing_of(variant), digits=f"{variant:012x}")
    return [{"accountId": ACCOUNT_ID, "type": kind, "ARN": arn}]


_PENDING = {"code": 0, "name": "pending"}


def _special_request(api: Api, thing: str) -> dict[str, Any] | None:
    match api.event_name:
        case "RunInstances":
            image = {"imageId": "ami-0a1b2c3d4e5f67890", "minCount": 1, "maxCount": 1}
            return {"instancesSet": {"items": [image]}, "instanceType": "m5.large", "monitoring": {"enabled": False}}
        case "AssumeRole" | "AssumeRoleWithWebIdentity":
            return {"roleArn": f"arn:aws:iam::{ACCOUNT_ID}:role/{thing}", "roleSessionName": f"{thing}-session"}
        case "CreateLogStream":
            return {"logGroupName": f"/aws/lambda/{thing}", "logStreamName": f"{thing}/[$LATEST]"}
        case "PutParameter":
            return {"name": f"/{thing}/key", "type": "SecureString", "value": "HIDDEN_DUE_TO_SECURITY_REASONS"}
        case "Decrypt" | "Encrypt" | "GenerateDataKey":
            return {"encryptionContext": {"aws:service": thing}, "encryptionAlgorithm": "SYMMETRIC_DEFAULT"}
    return None


def _reading_request(api: Api, member: str, thing: str, variant: int) -> dict[str, Any] | None:
    if api.event_name.startswith(("Describe", "List")):
        if api.service == "ec2":
            return {f"{member}Set": {"items": [{f"{member}Id": thing}]}, "filterSet": {}}
        return None if variant % 3 == 0 else {"maxResults": 100, f"{member}Names": [thing]}
    return None if api.event_name == "GetCallerIdentity" else {f"{member}Name": thing}


def _member(api: Api) -> str:
    """Name the thing an API is about: `instance` of DescribeInstances, `function` of CreateFunction20150331."""
    words = re.sub(r"[\d_]+(v\d)?$", "", api.event_name)
    noun = re.sub(r"^[A-Z][a-z]+", "", words) or words
    singular = re.sub(r"ies$", "y", noun) if noun.endswith("ies") else re.sub(r"(?<=[^su])s$", "", noun)
    return singular[0].lower() + singular[1:]
