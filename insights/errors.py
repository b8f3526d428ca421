"""Everything this package raises for a caller to act on.

TrailInsightsError
├── SettingsError        a setting is unknown, missing or out of range
├── WindowError          a run was asked for without a usable span of time
├── StorageError         a bucket, prefix or folder cannot be used
│   ├── NotFoundError        it, or an object in it, is not there
│   ├── AccessDeniedError    the credentials may not do this
│   └── ConflictError        somebody else replaced the object first
├── ReconciliationError  records went in that are neither kept nor accounted for
├── QualityError         a critical data-quality rule failed: the hour must not be counted
└── DeliveryError        a notification could not be handed over
    └── UnreachableError     its channel does not answer at all

A bad trail object or record is not an error: it is a fact, kept as a quarantine row with its reason.
"""


class TrailInsightsError(Exception):
    """Base of all errors whose message tells what to do."""


class SettingsError(TrailInsightsError):
    """A setting is unknown, missing or out of range."""


class WindowError(TrailInsightsError):
    """A run was asked for without a usable span of time."""


class StorageError(TrailInsightsError):
    """A bucket, prefix or folder cannot be used."""


class NotFoundError(StorageError):
    """A bucket, folder or object is not there."""


class AccessDeniedError(StorageError):
    """The credentials in use may not do this."""


class ConflictError(StorageError):
    """The object is no longer the version that was to be replaced."""


class ReconciliationError(TrailInsightsError):
    """Records in do not equal kept + duplicate + out of scope + quarantined."""


class QualityError(TrailInsightsError):
    """A critical data-quality rule failed."""


class DeliveryError(TrailInsightsError):
    """A notification could not be handed over to its channel.

    `untaken` has the ids of the messages that were not taken, or may not have been; None says that none was.
    """

    def __init__(self, message: str, untaken: frozenset[str] | None = None) -> None:
        super().__init__(message)
        self.untaken = untaken


class UnreachableError(DeliveryError):
    """A channel does not answer at all: there is no use in asking it for each message."""
