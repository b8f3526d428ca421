"""Ordinary traffic of one account in one Region: how often each API is called, by whom, and with what luck.

Counts are negative binomial. Calls come in groups (a script, a retry, a page after a page), groups arrive as a Poisson
process, and a Poisson number of groups of log-series size is negative binomial (Quenouille 1949). The rate itself moves
with the hour of the week and, by a gamma factor, from hour to hour; programs run by the clock add bursts of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from insights.simulate.bodies import usual_failures
from insights.simulate.callers import Caller, CallerKind
from insights.simulate.calls import SUCCESS, Calls, make_calls
from insights.simulate.services import APIS, GLOBAL_SERVICES_REGION, Api, ApiKind

_READ_SHARE = 0.72
_ZIPF_EXPONENT = 1.2
_SCHEDULED_SHARE = 0.08
_HOUR_SECONDS = 3600
_GROUP_SECONDS = 8.0
_CALLERS_OF_AN_API = 8
# By place in an API's row of callers: the first few make nearly all calls.
_CALLER_CUMULATED = np.cumsum(1 / np.arange(1, _CALLERS_OF_AN_API + 1)) / np.sum(
    1 / np.arange(1, _CALLERS_OF_AN_API + 1)
)
# Shares of failing groups by popularity rank, repeated: 10 % in all, spread unevenly, the busiest APIs not the worst.
_FAILING = (0.04, 0.12, 0.06, 0.02, 0.16, 0.03, 0.25, 0.09, 0.05, 0.30)
_HOURS_AHEAD_OF_UTC = {"us": -6, "ca": -5, "sa": -3, "eu": 1, "af": 2, "me": 3, "ap": 9}
_SERVICES_CALL = frozenset({"sts", "kms", "s3", "logs", "ec2", "sns", "elasticloadbalancing", "autoscaling"})
_PARTNERS_CALL = frozenset({"sts", "kms", "s3", "ecr"})

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Schedule:
    """A program started by the clock: at `minute` of every hour, or of the UTC `hour` only."""

    minute: int
    hour: int | None
    apis: NDArray[np.int64]
    caller: int
    calls: float

    def starts(self, begin: int, end: int) -> int | None:
        """Give the second in [begin, end), at most an hour, at which it is started."""
        at = begin + (self.minute * 60 - begin) % _HOUR_SECONDS
        if at >= end or (self.hour is not None and at // _HOUR_SECONDS % 24 != self.hour):
            return None
        return at


@dataclass(frozen=True, slots=True)
class Traffic:
    """Tables with one row an API of `APIS`.

    Attributes:
        calls_per_hour: mean over a week.
        human: share of the rate that follows people's working hours.
        clumping: parameter of the log-series sizes of groups, in (0, 1); a minute's variance is 1/(1 - p) of its mean.
        callers: (APIs, 8) places of callers, the busiest first.
        failing: share of groups whose calls fail.
        failures: (APIs, 4) places of failures, the most frequent first.
        week: (168,) relative activity of people by UTC hour of the week from Monday, mean 1.
    """

    calls_per_hour: Floats
    human: Floats
    clumping: Floats
    callers: NDArray[np.int64]
    failing: Floats
    failures: NDArray[np.int64]
    week: Floats
    schedules: tuple[Schedule, ...]

    def calls_between(self, begin: int, end: int, rng: np.random.Generator) -> Calls:
        """Draw the calls of a span of at most an hour (seconds since 1970); a group may run on for some seconds."""
        people = self.week[(begin // _HOUR_SECONDS + 72) % 168]  # 1970-01-01 was a Thursday
        rate = self.calls_per_hour * (1 - self.human + self.human * people) * rng.gamma(12.0, 1 / 12, len(APIS))
        groups = rng.poisson(rate * (end - begin) / _HOUR_SECONDS / _mean_group(self.clumping))
        apis = np.repeat(np.arange(len(APIS)), groups)
        sizes = rng.logseries(self.clumping[apis])
        calls = self._grouped(apis, sizes, rng.uniform(begin, end, len(apis)), rng)
        return np.concatenate([calls, *self._scheduled(begin, end, rng)])

    def _grouped(
        self, apis: NDArray[np.int64], sizes: NDArray[np.int64], starts: Floats, rng: np.random.Generator
    ) -> Calls:
        """Give the calls of groups: one caller and one outcome a group."""
        nth_caller = np.searchsorted(_CALLER_CUMULATED, rng.random(len(apis)))
        nth_failure = np.minimum(rng.geometric(0.5, len(apis)) - 1, self.failures.shape[1] - 1)
        failure = np.where(rng.random(len(apis)) < self.failing[apis], self.failures[apis, nth_failure], SUCCESS)
        of_call = np.repeat(np.arange(len(apis)), sizes)
        at = starts[of_call] + rng.exponential(_GROUP_SECONDS, len(of_call))
        callers = self.callers[apis, nth_caller]
        return make_calls(at.astype(np.int64), api=apis[of_call], caller=callers[of_call], failure=failure[of_call])

    def _scheduled(self, begin: int, end: int, rng: np.random.Generator) -> list[Calls]:
        started = [(s, at) for s in self.schedules if (at := s.starts(begin, end)) is not None]
        return [self._run(schedule, at, rng) for schedule, at in started]

    def _run(self, schedule: Schedule, start: int, rng: np.random.Generator) -> Calls:
        apis = rng.choice(schedule.apis, rng.poisson(schedule.calls))
        at = start + rng.integers(2, 45, len(apis))
        return make_calls(at, api=apis, caller=schedule.caller, failure=SUCCESS)


def ordinary_traffic(
    region: str,
    *,
    calls_per_hour: float,
    data_share: float,
    usual: dict[int, float],
    callers: tuple[Caller, ...],
    rng: np.random.Generator,
) -> Traffic:
    """Choose what one account and Region is like.

    `usual` fixes the calls per hour of some APIs (by place), in addition to `calls_per_hour`: these are called by
    programs at an even rate.
    """
    ranked = _ranked(region, usual, rng)
    rates = _rates(ranked, calls_per_hour * (1 - _SCHEDULED_SHARE), data_share)
    human, clumping = rng.random(len(APIS)) ** 1.5, rng.uniform(0.2, 0.8, len(APIS))
    for api, rate in usual.items():
        rates[api], human[api], clumping[api] = rate, 0.0, 0.3
    failing = np.full(len(APIS), 0.02)
    failing[ranked] = np.resize(_FAILING, len(ranked))
    failing[[api.kind is ApiKind.SERVICE_EVENT for api in APIS]] = 0.0
    return Traffic(
        calls_per_hour=rates,
        human=human,
        clumping=clumping,
        callers=np.array([_row_of_callers(api, callers, rng) for api in APIS]),
        failing=failing,
        failures=np.array([usual_failures(api) for api in APIS]),
        week=_working_week(_HOURS_AHEAD_OF_UTC.get(region.partition("-")[0], 0)),
        schedules=_schedules(ranked, calls_per_hour * _SCHEDULED_SHARE, rng),
    )


def _mean_group(clumping: Floats) -> Floats:
    """Mean of the log-series distribution: -p / ((1 - p) ln(1 - p))."""
    return -clumping / ((1 - clumping) * np.log1p(-clumping))


def _ranked(region: str, usual: dict[int, float], rng: np.random.Generator) -> NDArray[np.int64]:
    """Give the places of the APIs that are called here, the most popular first: a shuffle weighted by popularity."""
    here = [
        place
        for place, api in enumerate(APIS)
        if place not in usual and (region == GLOBAL_SERVICES_REGION or not api.is_global)
    ]
    popularity = np.array([APIS[place].popularity for place in here])
    return np.array(here)[np.argsort(rng.exponential(size=len(here)) / popularity)]


def _rates(ranked: NDArray[np.int64], calls_per_hour: float, data_share: float) -> Floats:
    """Share calls among the ranked APIs: Zipf within reads, writes and data events, whose shares are fixed."""
    rates = np.zeros(len(APIS))
    is_data = np.array([APIS[place].kind is ApiKind.DATA for place in ranked])
    is_read = np.array([APIS[place].is_read_only for place in ranked])
    shares = (
        (is_data, data_share),
        (~is_data & is_read, (1 - data_share) * _READ_SHARE),
        (~is_data & ~is_read, (1 - data_share) * (1 - _READ_SHARE)),
    )
    for chosen, share in shares:
        places = ranked[chosen]
        weights = np.arange(1, len(places) + 1) ** -_ZIPF_EXPONENT
        rates[places] = calls_per_hour * share * weights / weights.sum()
    return rates


def _row_of_callers(api: Api, callers: tuple[Caller, ...], rng: np.random.Generator) -> list[int]:
    allowed = _kinds_calling(api)
    weights = np.array([allowed.get(caller.kind, 0.0) for caller in callers])
    if api.kind is ApiKind.SERVICE_EVENT:  # one caller for each such service
        host = f'"invokedBy":"{api.event_source}"'
        weights = weights * np.array([host in caller.identity for caller in callers])
    return [int(place) for place in rng.choice(len(callers), _CALLERS_OF_AN_API, p=weights / weights.sum())]


def _kinds_calling(api: Api) -> dict[CallerKind, float]:
    """Give the relative weight of each kind of caller for an API."""
    if api.kind is ApiKind.SERVICE_EVENT:
        return {CallerKind.SERVICE_ITSELF: 1.0}
    if api.kind is ApiKind.SIGN_IN:
        return {CallerKind.USER: 1.0, CallerKind.ROOT: 0.1}
    if api.event_name == "AssumeRoleWithWebIdentity":
        return {CallerKind.WEB_IDENTITY: 1.0}
    weights = {CallerKind.ROLE: 1.0, CallerKind.USER: 0.5, CallerKind.ROOT: 0.05}
    if api.service in _SERVICES_CALL:
        weights[CallerKind.SERVICE] = 0.4
    if api.service in _PARTNERS_CALL:
        weights[CallerKind.OTHER_ACCOUNT] = 1.0
    return weights


def _working_week(hours_ahead: int) -> Floats:
    local = np.arange(168) + hours_ahead
    hour, day = local % 24, local // 24 % 7
    office = np.exp(-0.5 * ((hour - 13.5) / 3.2) ** 2)
    activity = 0.25 + np.where(day < 5, 1.75 * office, 0.35 * office)
    return np.asarray(activity / activity.mean(), dtype=np.float64)


def _schedules(ranked: NDArray[np.int64], calls_per_hour: float, rng: np.random.Generator) -> tuple[Schedule, ...]:
    """Give two hourly programs and a nightly one, which call popular APIs `calls_per_hour` times in all."""
    calls = [place for place in ranked[:60] if APIS[place].kind is ApiKind.CALL]
    shares = ((int(rng.integers(60)), None, 0.4), (57, None, 0.3), (30, int(rng.integers(1, 5)), 0.3 * 24))
    return tuple(
        Schedule(
            minute,
            hour,
            apis=rng.choice(calls, 5, replace=False),
            caller=int(rng.integers(4)),  # callers begin with roles
            calls=calls_per_hour * share,
        )
        for minute, hour, share in shares
    )
