"""Who calls: roles, users, root, AWS services and other accounts, as `userIdentity` shows them.

Callers belong to an account and are the same in all its Regions, as IAM's are. Access keys are stable and end in
EXAMPLE, addresses come from the ranges kept for documentation (RFC 5737, RFC 3849).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec
import numpy as np


class CallerKind(StrEnum):
    """`userIdentity.type`, and a service acting for itself, which has none."""

    ROLE = "AssumedRole"
    USER = "IAMUser"
    ROOT = "Root"
    SERVICE = "AWSService"
    OTHER_ACCOUNT = "AWSAccount"
    WEB_IDENTITY = "WebIdentityUser"
    SERVICE_ITSELF = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """One caller, as fragments of the records it leaves.

    `identity` and `identity_end` are the JSON of `userIdentity` before and after the creation time of its session;
    without a session all of it is in `identity`. `origin` holds `sourceIPAddress` and `userAgent`; `endpoint` and
    `console` are members that only some callers' records have. A session is an hour long and begins
    `session_offset_seconds` into an hour.
    """

    kind: CallerKind
    arn: str | None
    identity: str
    identity_end: str = ""
    origin: str = ""
    endpoint: str = ""
    console: str = ""
    uses_tls: bool = True
    is_shared: bool = False
    session_offset_seconds: int = 0


_CREATED = "<session creation>"
_CONSOLE = ',"sessionCredentialFromConsole":"true"'

# Roles written in capitals are taken on by people, in the console.
_ROLES = (
    "eks-node", "ci-deploy", "terraform-apply", "lambda-orders", "lambda-billing", "ecs-task-web", "ecs-task-worker",
    "ec2-bastion", "data-pipeline", "backup-operator", "monitoring-agent", "security-audit", "config-recorder",
    "Admin", "ReadOnly", "PowerUser",
)  # fmt: skip
_USERS = ("ana", "bert", "carla", "dinesh", "elif", "farid", "jenkins-legacy", "grafana-reader")
_SERVICES = (
    "autoscaling", "ec2", "eks", "ecs-tasks", "lambda", "delivery.logs", "config", "cloudformation", "backup",
    "secretsmanager", "rds", "elasticloadbalancing",
)  # fmt: skip
_PROGRAMS = (
    "aws-cli/2.17.9 md/awscrt#0.20.11 ua/2.0 os/linux#6.1.94 md/arch#x86_64 lang/python#3.11.8 cfg/retry-mode#standard",
    "Boto3/1.34.131 md/Botocore#1.34.131 ua/2.0 os/linux#5.10.219 md/arch#aarch64 lang/python#3.12.3",
    "aws-sdk-go-v2/1.30.0 os/linux lang/go#1.22.4 md/GOOS#linux md/GOARCH#amd64 api/ec2#1.167.0",
    "aws-sdk-java/2.26.7 Linux/5.10.217 OpenJDK_64-Bit_Server_VM/21.0.3 Java/21.0.3 io/sync http/Apache",
    "aws-sdk-js/3.600.0 ua/2.1 os/linux#5.10.219 lang/js md/nodejs#20.14.0 exec-env/AWS_Lambda_nodejs20.x",
    "APN/1.0 HashiCorp/1.0 Terraform/1.8.5 (+https://www.terraform.io) terraform-provider-aws/5.55.0",
    "amazon-ssm-agent/3.3.551.0",
)
_BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"
_NETWORKS = ("192.0.2.{}", "198.51.100.{}", "203.0.113.{}")
_KEY_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def callers_of(account_id: str, seed: int) -> tuple[Caller, ...]:
    """Give the ordinary callers of an account, the busiest of each kind first."""
    rng = np.random.default_rng([seed, int(account_id)])
    roles = [_role(account_id, name, rng) for name in rng.permutation(_ROLES).tolist()]
    users = [_user(account_id, name, rng) for name in rng.permutation(_USERS).tolist()]
    services = [_service(f"{name}.amazonaws.com") for name in rng.permutation(_SERVICES).tolist()]
    return (*roles, *users, _root(account_id, rng), *services, *_others(account_id, rng), _web_identity(rng))


def service_itself(account_id: str, event_source: str) -> Caller:
    """Give the caller of a service event: an account and a service, without a type."""
    identity = {"accountId": account_id, "invokedBy": event_source}
    return Caller(
        CallerKind.SERVICE_ITSELF, None, _json(identity), origin=_origin(event_source, event_source), uses_tls=False
    )


def named_caller(account_id: str, name: str, seed: int) -> Caller:
    """Give the caller `role/<name>` or `user/<name>`, the one of an incident or routine."""
    kind, _, rest = name.partition("/")
    rng = np.random.default_rng([seed, int(account_id), *name.encode()])
    return _role(account_id, rest, rng) if kind == "role" else _user(account_id, rest, rng)


def _role(account_id: str, name: str, rng: np.random.Generator) -> Caller:
    role_id, session = _id("AROA", rng), f"{name}-session" if name.islower() else f"{name.lower()}@example.com"
    arn = f"arn:aws:sts::{account_id}:assumed-role/{name}/{session}"
    identity = {
        "type": "AssumedRole",
        "principalId": f"{role_id}:{session}",
        "arn": arn,
        "accountId": account_id,
        "accessKeyId": _access_key("ASIA", rng),
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": role_id,
                "arn": f"arn:aws:iam::{account_id}:role/{name}",
                "accountId": account_id,
                "userName": name,
            },
            "attributes": {"creationDate": _CREATED, "mfaAuthenticated": "false"},
        },
    }
    before, _, after = _json(identity).partition(_CREATED)
    is_console = not name.islower()
    return Caller(
        CallerKind.ROLE,
        arn,
        before,
        after,
        _origin(_address(rng), _BROWSER if is_console else _program(rng)),
        endpoint="" if is_console else _endpoint(rng),
        console=_CONSOLE if is_console else "",
        uses_tls=not is_console,
        session_offset_seconds=int(rng.integers(3600)),
    )


def _user(account_id: str, name: str, rng: np.random.Generator) -> Caller:
    arn = f"arn:aws:iam::{account_id}:user/{name}"
    identity = {
        "type": "IAMUser",
        "principalId": _id("AIDA", rng),
        "arn": arn,
        "accountId": account_id,
        "accessKeyId": _access_key("AKIA", rng),
        "userName": name,
    }
    return Caller(CallerKind.USER, arn, _json(identity), origin=_origin(_address(rng), _program(rng)))


def _root(account_id: str, rng: np.random.Generator) -> Caller:
    arn = f"arn:aws:iam::{account_id}:root"
    identity = {
        "type": "Root",
        "principalId": account_id,
        "arn": arn,
        "accountId": account_id,
        "accessKeyId": "",
        "sessionContext": {"attributes": {"creationDate": _CREATED, "mfaAuthenticated": "true"}},
    }
    before, _, after = _json(identity).partition(_CREATED)
    origin = _origin(_address(rng), _BROWSER)
    return Caller(CallerKind.ROOT, arn, before, after, origin, console=_CONSOLE, uses_tls=False)


def _service(host: str) -> Caller:
    identity = {"type": "AWSService", "invokedBy": host}
    return Caller(CallerKind.SERVICE, None, _json(identity), origin=_origin(host, host), uses_tls=False, is_shared=True)


def _others(account_id: str, rng: np.random.Generator) -> tuple[Caller, ...]:
    """Give callers of two other accounts; CloudTrail tells little more of them than their account."""
    partners = [partner for partner in ("999988887777", "666677778888") if partner != account_id]
    return tuple(
        Caller(
            CallerKind.OTHER_ACCOUNT,
            None,
            _json({"type": "AWSAccount", "principalId": f"{_id('AROA', rng)}:sync", "accountId": partner}),
            origin=_origin(_address(rng), _program(rng)),
            is_shared=True,
        )
        for partner in partners
    )


def _web_identity(rng: np.random.Generator) -> Caller:
    provider, subject = "accounts.example.com", "system:serviceaccount:orders:worker"
    identity = {
        "type": "WebIdentityUser",
        "principalId": f"{provider}:sts.amazonaws.com:{subject}",
        "userName": subject,
        "identityProvider": provider,
    }
    return Caller(CallerKind.WEB_IDENTITY, None, _json(identity), origin=_origin(_address(rng), _program(rng)))


def _origin(address: str, agent: str) -> str:
    return f'"sourceIPAddress":{_json(address)},"userAgent":{_json(agent)},'


def _endpoint(rng: np.random.Generator) -> str:
    """Let one program in five come through a VPC endpoint."""
    return f',"vpcEndpointId":"vpce-{rng.bytes(8).hex()}0"' if rng.random() < 0.2 else ""


def _address(rng: np.random.Generator) -> str:
    host = int(rng.integers(1, 255))
    if rng.random() < 0.1:
        return f"2001:db8::{host:x}"
    return _NETWORKS[int(rng.integers(len(_NETWORKS)))].format(host)


def _program(rng: np.random.Generator) -> str:
    return _PROGRAMS[int(rng.integers(len(_PROGRAMS)))]


def _id(prefix: str, rng: np.random.Generator) -> str:
    return prefix + "".join(_KEY_LETTERS[i] for i in rng.integers(len(_KEY_LETTERS), size=17))


def _access_key(prefix: str, rng: np.random.Generator) -> str:
    return prefix + "".join(_KEY_LETTERS[i] for i in rng.integers(len(_KEY_LETTERS), size=9)) + "EXAMPLE"


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
