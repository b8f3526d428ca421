"""What every rival makes of a record: the same columns under the same names as the product's `events` table.

The product also keeps what has no column, marks what it inferred, sorts each hour, quarantines what is bad and enters
every object in a ledger; the rivals are spared that.
"""

from __future__ import annotations

TEXTS = {
    "eventVersion": "event_version",
    "eventSource": "event_source",
    "eventName": "event_name",
    "awsRegion": "aws_region",
    "sourceIPAddress": "source_ip_address",
    "userAgent": "user_agent",
    "errorCode": "error_code",
    "errorMessage": "error_message",
    "requestID": "request_id",
    "eventID": "event_id",
    "eventType": "event_type",
    "apiVersion": "api_version",
    "recipientAccountId": "recipient_account_id",
    "sharedEventID": "shared_event_id",
    "vpcEndpointId": "vpc_endpoint_id",
    "vpcEndpointAccountId": "vpc_endpoint_account_id",
    "eventCategory": "event_category",
    "sessionCredentialFromConsole": "session_credential_from_console",
}
FLAGS = {"readOnly": "is_read_only", "managementEvent": "is_management"}
NESTED = {
    "userIdentity": "user_identity_json",
    "requestParameters": "request_parameters_json",
    "responseElements": "response_elements_json",
    "additionalEventData": "additional_event_data_json",
    "resources": "resources_json",
    "serviceEventDetails": "service_event_details_json",
    "addendum": "addendum_json",
    "edgeDeviceDetails": "edge_device_details_json",
    "tlsDetails": "tls_details_json",
    "eventContext": "event_context_json",
}
TIME = "eventTime"
IDENTITY = ("type", "principalId", "arn", "accountId", "accessKeyId", "userName", "invokedBy")
PARTITIONS = ("account_id", "region", "date", "hour")
COUNTED = ("event_category", "is_read_only", "event_source", "event_name", "error_code")
