from __future__ import annotations

import pytest

from insights.errors import SettingsError
from insights.simulate.services import APIS, place_of


def test_there_are_hundreds_of_apis_of_tens_of_services():
    """The breadth of a real account: the production trails seen use 30 to 50 services."""
    assert len(APIS) > 300
    assert len({api.service for api in APIS}) > 30


def test_an_api_stands_in_the_table_once():
    """Two rows of one name would be one series with two rates."""
    assert len({(api.event_source, api.event_name) for api in APIS}) == len(APIS)


@pytest.mark.parametrize(
    ("source", "name", "is_read_only"),
    [  # as real records say
        ("sts.amazonaws.com", "AssumeRole", True),
        ("kms.amazonaws.com", "Decrypt", True),
        ("kms.amazonaws.com", "GenerateDataKey", True),
        ("ssm.amazonaws.com", "PutParameter", False),
        ("logs.amazonaws.com", "CreateLogStream", False),
        ("ec2.amazonaws.com", "GetPasswordData", True),
        ("signin.amazonaws.com", "ConsoleLogin", False),
    ],
)
def test_read_only_flags_are_those_of_aws(source, name, is_read_only):
    """The flag decides which calls the call rate counts, and some are not what the verb suggests."""
    assert APIS[place_of(source, name)].is_read_only is is_read_only


def test_an_unknown_api_is_refused():
    """The message names the API and where the known ones stand."""
    with pytest.raises(SettingsError, match=r"no API Fly of pig\.amazonaws\.com.*services\.APIS"):
        place_of("pig.amazonaws.com", "Fly")
