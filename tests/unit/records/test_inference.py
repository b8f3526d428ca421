import pytest

from insights.records.inference import infer_category, infer_read_only


@pytest.mark.parametrize(
    ("source", "name", "reads"),
    [
        ("ec2.amazonaws.com", "DescribeInstances", True),
        ("s3.amazonaws.com", "GetBucketPolicy", True),
        ("s3.amazonaws.com", "ListBuckets", True),
        ("s3.amazonaws.com", "HeadBucket", True),
        ("dynamodb.amazonaws.com", "BatchGetItem", True),
        ("cognito-idp.amazonaws.com", "AdminGetUser", True),
        ("cloudtrail.amazonaws.com", "LookupEvents", True),
        ("sts.amazonaws.com", "AssumeRole", True),
        ("sts.amazonaws.com", "GetCallerIdentity", True),
        ("kms.amazonaws.com", "Decrypt", True),
        ("ec2.amazonaws.com", "RunInstances", False),
        ("iam.amazonaws.com", "CreateUser", False),
        ("s3.amazonaws.com", "PutBucketPolicy", False),
        ("signin.amazonaws.com", "ConsoleLogin", False),
        ("example.amazonaws.com", "GetawayPlan", False),
        ("example.amazonaws.com", "Listen", False),
        ("example.amazonaws.com", "AssumeRole", False),
        ("ec2.amazonaws.com", "", False),
    ],
)
def test_read_only(source: str, name: str, reads: bool) -> None:
    """A name reads if it begins with a whole reading verb, or is one that AWS calls a read all the same."""
    assert infer_read_only(source, name) is reads


@pytest.mark.parametrize(
    ("source", "name", "is_management", "category"),
    [
        ("s3.amazonaws.com", "GetObject", None, "Data"),
        ("s3.amazonaws.com", "CreateBucket", None, "Management"),
        ("lambda.amazonaws.com", "Invoke", None, "Data"),
        ("dynamodb.amazonaws.com", "PutItem", None, "Data"),
        ("dynamodb.amazonaws.com", "CreateTable", None, "Management"),
        ("ec2.amazonaws.com", "GetObject", None, "Management"),
        ("s3.amazonaws.com", "GetObject", True, "Management"),
        ("s3.amazonaws.com", "CreateBucket", False, "Data"),
    ],
)
def test_category(source: str, name: str, is_management: bool | None, category: str) -> None:
    """What the record says of itself wins; else object-level APIs of three services are data events."""
    assert infer_category(source, name, is_management) == category
