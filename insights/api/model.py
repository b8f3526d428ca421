"""CloudTrail's API as AWS describes it to its own clients: botocore's service model, the source of names and bounds."""

from __future__ import annotations

from functools import cache

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

TARGET = "CloudTrail_20131101"
"""What stands before the operation in `X-Amz-Target`, behind a prefix that some clients leave out."""


@cache
def service_model() -> ServiceModel:
    """Load the model; it is part of botocore, so nothing is fetched."""
    return ServiceModel(Loader().load_service_model("cloudtrail", "service-2"), "cloudtrail")


@cache
def operation_model(name: str) -> OperationModel | None:
    """Give an operation, or None where CloudTrail has none of that name."""
    return service_model().operation_model(name) if name in service_model().operation_names else None


@cache
def has_error(operation: str, code: str) -> bool:
    """Tell whether an operation is documented to fail with a code."""
    model = operation_model(operation)
    return model is not None and any(shape.name == code for shape in model.error_shapes)
