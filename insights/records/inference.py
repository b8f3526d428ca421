"""What an older record does not say, derived by a documented rule and marked as inferred.

Versions before 1.06 carry neither `managementEvent` nor `eventCategory`, many before 1.05 no `readOnly`.
"""

from __future__ import annotations

import re

_READ_VERBS = (
    "Get", "List", "Describe", "Head", "BatchGet", "Lookup", "Search", "Query", "Scan", "Check", "Select", "View",
    "Preview", "Estimate", "Filter", "Discover", "Simulate", "Validate", "Verify", "Detect", "Count", "Read",
)  # fmt: skip
_READ_NAME = re.compile(rf"(?:Admin|Batch|Bulk)?(?:{'|'.join(_READ_VERBS)})(?![a-z])")
_READ_EXCEPTIONS = {
    # AWS marks these as read-only although their names do not begin with a reading verb.
    ("sts.amazonaws.com", "AssumeRole"),
    ("sts.amazonaws.com", "AssumeRoleWithSAML"),
    ("sts.amazonaws.com", "AssumeRoleWithWebIdentity"),
    ("sts.amazonaws.com", "DecodeAuthorizationMessage"),
    ("kms.amazonaws.com", "Decrypt"),
    ("kms.amazonaws.com", "Encrypt"),
    ("kms.amazonaws.com", "GenerateDataKey"),
    ("kms.amazonaws.com", "GenerateDataKeyWithoutPlaintext"),
    ("kms.amazonaws.com", "GenerateRandom"),
    ("kms.amazonaws.com", "Sign"),
    ("kms.amazonaws.com", "ReEncrypt"),
    ("ecr.amazonaws.com", "BatchCheckLayerAvailability"),
}
_DATA_APIS = {
    "s3.amazonaws.com": {
        "GetObject", "PutObject", "DeleteObject", "DeleteObjects", "HeadObject", "CopyObject", "ListObjects",
        "CreateMultipartUpload", "UploadPart", "UploadPartCopy", "CompleteMultipartUpload", "AbortMultipartUpload",
        "GetObjectAcl", "PutObjectAcl", "GetObjectTagging", "PutObjectTagging", "ListParts", "RestoreObject",
    },
    "lambda.amazonaws.com": {"Invoke", "InvokeExecution"},
    "dynamodb.amazonaws.com": {
        "GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan", "BatchGetItem", "BatchWriteItem",
        "TransactGetItems", "TransactWriteItems",
    },
}  # fmt: skip


def infer_read_only(event_source: str, event_name: str) -> bool:
    """Tell whether an API reads, from its name: a reading verb in front, or one of AWS's exceptions; else it writes."""
    return _READ_NAME.match(event_name) is not None or (event_source, event_name) in _READ_EXCEPTIONS


def infer_category(event_source: str, event_name: str, is_management: bool | None) -> str:
    """Tell the category: what `managementEvent` says, else `Data` for the object-level APIs of S3, Lambda, DynamoDB."""
    if is_management is not None:
        return "Management" if is_management else "Data"
    return "Data" if event_name in _DATA_APIS.get(event_source, ()) else "Management"
