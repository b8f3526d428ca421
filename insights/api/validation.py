"""Checks a request against the service model: types, required members, enums, bounds and patterns.

boto3 checks only types, required members and lower bounds before it sends; everything else reaches the server.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.model import Shape

from insights.api.errors import ApiError
from insights.api.model import has_error, operation_model
from insights.errors import WindowError
from insights.windows import parse_instant

_CODES = {
    ("LookupEvents", "LookupAttributes"): "InvalidLookupAttributesException",
    ("LookupEvents", "StartTime"): "InvalidTimeRangeException",
    ("LookupEvents", "EndTime"): "InvalidTimeRangeException",
    ("LookupEvents", "MaxResults"): "InvalidMaxResultsException",
    ("LookupEvents", "NextToken"): "InvalidNextTokenException",
    ("LookupEvents", "EventCategory"): "InvalidEventCategoryException",
    ("PutInsightSelectors", "InsightSelectors"): "InvalidInsightSelectorsException",
    ("ListPublicKeys", "StartTime"): "InvalidTimeRangeException",
    ("ListPublicKeys", "EndTime"): "InvalidTimeRangeException",
    ("ListPublicKeys", "NextToken"): "InvalidTokenException",
}


class _InvalidError(Exception):
    """A value that breaks a constraint; `is_type` where it is of another JSON type."""

    def __init__(self, path: str, constraint: str, *, is_type: bool = False) -> None:
        super().__init__(f"Value at '{path}' failed to satisfy constraint: {constraint}")
        self.is_type = is_type


def invalid(operation: str, member: str, message: str) -> ApiError:
    """Make the error that an operation is documented to have for a bad value of a member."""
    usual = "InvalidParameterException" if has_error(operation, "InvalidParameterException") else "ValidationError"
    return ApiError(_CODES.get((operation, member), usual), message)


def validated(operation: str, parameters: Any) -> dict[str, Any]:
    """Give a request's members, times as aware instants; members that the model does not know are left out.

    Raises:
        ApiError: a value breaks a constraint of the model.
    """
    model = operation_model(operation)
    assert model is not None
    if not isinstance(parameters, dict):
        raise ApiError("SerializationException", "the body is no JSON object")
    if model.input_shape is None:
        return {}
    members: dict[str, Any] = {}
    for name, shape in model.input_shape.members.items():
        try:
            if parameters.get(name) is not None:
                members[name] = _value(shape, parameters[name], name)
            elif name in model.input_shape.required_members:
                raise _InvalidError(name, "Member must not be null")
        except _InvalidError as error:
            if error.is_type:
                raise ApiError("SerializationException", str(error)) from error
            raise invalid(operation, name, str(error)) from error
    return members


def _value(shape: Shape, value: Any, path: str) -> Any:
    return _KINDS[shape.type_name](shape, value, path)


def _structure(shape: Shape, value: Any, path: str) -> dict[str, Any]:
    members = _typed(value, dict, path)
    for name in shape.required_members:
        if members.get(name) is None:
            raise _InvalidError(f"{path}.{name}", "Member must not be null")
    return {
        name: _value(each, members[name], f"{path}.{name}")
        for name, each in shape.members.items()
        if members.get(name) is not None
    }


def _list(shape: Shape, value: Any, path: str) -> list[Any]:
    entries = _typed(value, list, path)
    _bounded(shape, len(entries), path, "length")
    return [_value(shape.member, each, f"{path}.{number}.member") for number, each in enumerate(entries, start=1)]


def _map(shape: Shape, value: Any, path: str) -> dict[str, Any]:
    entries = _typed(value, dict, path)
    _bounded(shape, len(entries), path, "length")
    return {
        _value(shape.key, name, f"{path}.key"): _value(shape.value, each, f"{path}.{name[:50]}")
        for name, each in entries.items()
    }


def _string(shape: Shape, value: Any, path: str) -> str:
    text: str = _typed(value, str, path)
    if shape.metadata.get("enum") and text not in shape.metadata["enum"]:
        raise _InvalidError(path, f"Member must satisfy enum value set: [{', '.join(shape.metadata['enum'])}]")
    _bounded(shape, len(text), path, "length")
    pattern = shape.metadata.get("pattern")
    # The patterns are Java's, whose classes like \w are ASCII.
    if pattern and not re.fullmatch(pattern, text, re.ASCII):
        raise _InvalidError(path, f"Member must satisfy regular expression pattern: {pattern}")
    return text


def _integer(shape: Shape, value: Any, path: str) -> int:
    number: int = _typed(value, int, path)
    _bounded(shape, number, path, "value")
    return number


def _boolean(shape: Shape, value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise _InvalidError(path, "Member must be a boolean", is_type=True)
    return value


def _timestamp(shape: Shape, value: Any, path: str) -> datetime:
    """Read epoch seconds, which is what clients send, or ISO 8601."""
    try:
        if isinstance(value, str):
            return parse_instant(value)
        seconds: float = _typed(value, (int, float), path)
        if not math.isfinite(seconds):
            raise ValueError
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError, WindowError) as error:
        raise _InvalidError(path, "Member must be a time of the calendar") from error


def _typed(value: Any, kind: type | tuple[type, ...], path: str) -> Any:
    if isinstance(value, bool) or not isinstance(value, kind):
        names = " or ".join(each.__name__ for each in (kind if isinstance(kind, tuple) else (kind,)))
        raise _InvalidError(path, f"Member must be of type {names}", is_type=True)
    return value


def _bounded(shape: Shape, number: int, path: str, what: str) -> None:
    lowest, highest = shape.metadata.get("min"), shape.metadata.get("max")
    if lowest is not None and number < lowest:
        raise _InvalidError(path, f"Member must have {what} greater than or equal to {lowest}")
    if highest is not None and number > highest:
        raise _InvalidError(path, f"Member must have {what} less than or equal to {highest}")


_KINDS: Mapping[str, Callable[[Any, Any, str], Any]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "integer": _integer,
    "boolean": _boolean,
    "timestamp": _timestamp,
}
"""The kinds that requests of the answered operations have."""
