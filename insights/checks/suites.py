"""The event rules as Great Expectations suites, run over slices of the lake. The only module that imports it.

Hours are validated together, up to 50,000 rows at once, for a validation costs a twentieth of a second however few its
rows; only where something fails is each hour asked again, so that it gets a verdict of its own. Uniqueness is asked
once, when all ids are there; facts are one row of numbers. Importing the library costs three seconds and 280 MB, so it
happens with the first validation.
"""

from __future__ import annotations

import logging
import math
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from insights.checks.examples import PARTITION_HOUR, SECONDS_INTO_HOUR, cut, examples_of, with_seconds
from insights.checks.result import MAX_EXAMPLES, HourQuality, QualityResult, RuleOutcome, not_evaluated, verdict_of
from insights.errors import QualityError
from insights.records.rules import (
    EVENT_RULES,
    FactBetween,
    InSet,
    Matches,
    NotNull,
    Rule,
    UniqueInHour,
    WithinHour,
)
from insights.records.schemas import EVENTS, INSTANT

COLUMNS: tuple[str, ...] = tuple(dict.fromkeys(rule.column for rule in EVENT_RULES if rule.column))
"""The columns of `events` that validation needs: read only those."""

_SLICE_ROWS = 50_000
_SLICE = pa.schema([*(EVENTS.field(name) for name in COLUMNS), pa.field(PARTITION_HOUR, INSTANT)])

_FACT_RULES = {rule: rule.check.fact for rule in EVENT_RULES if isinstance(rule.check, FactBetween)}
_KEY_RULES = tuple(rule for rule in EVENT_RULES if isinstance(rule.check, UniqueInHour))
_ROW_RULES = tuple(rule for rule in EVENT_RULES if rule not in _FACT_RULES and rule not in _KEY_RULES)
_KEY_COLUMNS = [PARTITION_HOUR, *(rule.column for rule in _KEY_RULES)]

# Naming index columns here would tell which rows failed, but takes 20 s for 50,000 failing rows (1.24.1): whoever can
# write odd records could stall the checks with it.
_RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": MAX_EXAMPLES}


def check_events(batches: Iterable[pa.Table], facts: Mapping[str, float], *, partition: str) -> QualityResult:
    """Evaluate all event rules on some hours of one account × Region.

    Args:
        batches: slices of at most 50,000 rows with `COLUMNS` and `partition_hour`, the start of the hour each row's
            file stands for; they may come in any order and hold several hours.
        facts: numbers of the whole call by name; a rule whose fact is missing or not finite is not evaluated.
        partition: what the batches are, as reports name it: `account_id=…/region=…/date=…`.

    Raises:
        QualityError: Great Expectations could not evaluate a rule.
    """
    findings = _Findings({name: float(value) for name, value in facts.items() if math.isfinite(value)})
    keys = [_SLICE.empty_table().select(_KEY_COLUMNS)]
    for table in _gathered(batches):
        findings.add_rows(table)
        findings.check(table, _ROW_RULES)
        keys.append(table.select(_KEY_COLUMNS))
    findings.check(pa.concat_tables(keys), _KEY_RULES)
    return findings.result(partition)


def expectation_of(rule: Rule) -> Any:
    """Give the Great Expectations form of a rule; `meta["rule"]` carries its id."""
    gxe = _load().expectations
    common: dict[str, Any] = {"severity": str(rule.severity), "meta": {"rule": rule.id}}
    match rule.check:
        case NotNull():
            return gxe.ExpectColumnValuesToNotBeNull(column=rule.column, **common)
        case InSet(values):
            return gxe.ExpectColumnValuesToBeInSet(column=rule.column, value_set=list(values), **common)
        case Matches(pattern):
            return gxe.ExpectColumnValuesToMatchRegex(column=rule.column, regex=pattern, **common)
        case WithinHour():
            return gxe.ExpectColumnValuesToBeBetween(
                column=SECONDS_INTO_HOUR, min_value=0, max_value=3600, strict_max=True, **common
            )
        case UniqueInHour():
            return gxe.ExpectCompoundColumnsToBeUnique(
                column_list=[PARTITION_HOUR, rule.column], ignore_row_if="any_value_is_missing", **common
            )
        case FactBetween(fact, minimum, maximum):
            return gxe.ExpectColumnValuesToBeBetween(column=fact, min_value=minimum, max_value=maximum, **common)


class _Findings:
    """What one call has found so far, in all and by hour."""

    def __init__(self, facts: dict[str, float]) -> None:
        self._validator = _Validator()
        self._facts = facts
        self._documents: list[dict[str, Any]] = []
        self._outcomes: list[RuleOutcome] = []
        self._rows: Counter[datetime] = Counter()
        self._failed_in: defaultdict[datetime, list[RuleOutcome]] = defaultdict(list)
        known = [rule for rule, fact in _FACT_RULES.items() if fact in facts]
        self._of_facts = self._validate(pa.table({name: [value] for name, value in facts.items()}), known)

    def add_rows(self, table: pa.Table) -> None:
        """Count the rows of each hour."""
        for entry in pc.value_counts(table[PARTITION_HOUR]).to_pylist():
            self._rows[entry["values"].astimezone(UTC)] += entry["counts"]

    def check(self, table: pa.Table, rules: Sequence[Rule]) -> None:
        """Evaluate rules on rows of several hours; where one fails, find out in which."""
        outcomes = self._validate(table, rules)
        if all(outcome.is_success for outcome in outcomes):
            return
        hours = pc.unique(table[PARTITION_HOUR])
        for hour in hours:
            if len(hours) > 1:
                outcomes, _ = self._validator.validate(table.filter(pc.equal(table[PARTITION_HOUR], hour)), rules)
            self._failed_in[hour.as_py().astimezone(UTC)].extend(outcomes)

    def result(self, partition: str) -> QualityResult:
        """Give everything found; the facts hold for every hour."""
        return QualityResult(
            partition=partition,
            rows=self._rows.total(),
            hours=tuple(
                HourQuality(hour, rows, verdict_of([*self._of_facts, *self._failed_in[hour]]))
                for hour, rows in sorted(self._rows.items())
            ),
            outcomes=_summed(self._outcomes),
            facts=self._facts,
            great_expectations=tuple(self._documents),
        )

    def _validate(self, table: pa.Table, rules: Sequence[Rule]) -> list[RuleOutcome]:
        if not rules or not table.num_rows:
            return []
        outcomes, document = self._validator.validate(table, rules)
        self._outcomes.extend(outcomes)
        self._documents.append(document)
        return outcomes


class _Validator:
    """One context of Great Expectations: in memory, without progress bars, documentation sites or analytics."""

    def __init__(self) -> None:
        self._gx = _load()
        base = self._gx.data_context.types.base
        context = self._gx.get_context(
            mode="ephemeral",
            project_config=base.DataContextConfig(
                store_backend_defaults=base.InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
                progress_bars=base.ProgressBarsConfig(globally=False),
                analytics_enabled=False,
            ),
        )
        asset = context.data_sources.add_pandas("lake").add_dataframe_asset("events")
        self._slices = asset.add_batch_definition_whole_dataframe("slice")

    def validate(self, table: pa.Table, rules: Sequence[Rule]) -> tuple[list[RuleOutcome], dict[str, Any]]:
        """Evaluate rules on a table that has their columns; give their outcomes and the library's own document."""
        suite = self._gx.ExpectationSuite(name="events", expectations=[expectation_of(rule) for rule in rules])
        frame = with_seconds(table) if "event_time" in table.column_names else table
        batch = self._slices.get_batch(batch_parameters={"dataframe": frame.to_pandas()})
        validation = batch.validate(suite, result_format=_RESULT_FORMAT)
        found = {result.expectation_config.meta["rule"]: result for result in validation.results}
        return [_outcome(rule, found[rule.id], table) for rule in rules], _shortened(validation.to_json_dict())


def _load() -> Any:
    # The level must be set before the import, which logs a line for each of its 200 functions.
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        # 1.24.1 imports a module of the standard library that Python has deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        import great_expectations
    return great_expectations


def _gathered(batches: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Join small batches to tables of at most 50,000 rows, reduced to the columns that rules need."""
    waiting: list[pa.Table] = []
    for batch in batches:
        table = batch.select(_SLICE.names).cast(_SLICE)
        if waiting and sum(part.num_rows for part in waiting) + table.num_rows > _SLICE_ROWS:
            yield pa.concat_tables(waiting)
            waiting = []
        waiting.append(table)
    if waiting:
        yield pa.concat_tables(waiting)


def _summed(outcomes: Iterable[RuleOutcome]) -> tuple[RuleOutcome, ...]:
    """Give one outcome for every rule, in the order of the rules."""
    sums = {rule.id: not_evaluated(rule) for rule in EVENT_RULES}
    for outcome in outcomes:
        sums[outcome.rule_id] += outcome
    return tuple(sums.values())


def _outcome(rule: Rule, result: Any, table: pa.Table) -> RuleOutcome:
    counts = result.result
    if "element_count" not in counts:
        reason = next(_messages(result.exception_info), "no reason given")
        raise QualityError(f"Great Expectations could not evaluate the rule {rule.id}: {cut(reason)}")
    failed = counts["unexpected_count"]
    return replace(
        not_evaluated(rule),
        is_evaluated=True,
        checked=counts["element_count"] - counts.get("missing_count", 0),
        failed=failed,
        examples=tuple(dict.fromkeys(examples_of(rule, counts["partial_unexpected_list"], table))) if failed else (),
    )


def _messages(exception_info: Mapping[str, Any]) -> Iterator[str]:
    """Find the messages in both forms of `exception_info`: for the expectation, and for each metric it needs."""
    for details in (exception_info, *exception_info.values()):
        if isinstance(details, Mapping) and details.get("exception_message"):
            yield str(details["exception_message"])


def _shortened(value: Any) -> Any:
    """Cut all texts of a JSON document: log content of any length is among them."""
    if isinstance(value, dict):
        return {key: _shortened(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_shortened(member) for member in value]
    return cut(value) if isinstance(value, str) else value
