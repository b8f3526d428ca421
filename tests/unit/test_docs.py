"""The documentation is fresh, its links lead somewhere, and what it tells people to type exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer

from docs import generate
from docs.generating import tables
from docs.generating.settings import settings_meanings
from insights.cli.main import app
from insights.records.event import REASONS
from insights.settings import MethodSettings, Settings
from insights.statistics.parameters import Parameters

PROJECT = Path(__file__).parents[2]
DOCS = PROJECT / "docs"
PAGES = [pytest.param(page, id=str(page.relative_to(PROJECT))) for page in (*PROJECT.glob("*.md"), *DOCS.rglob("*.md"))]
FENCE = re.compile(r"^ *```\w*\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"`([^`\n]+)`")


def code(text: str) -> Iterator[str]:
    """Give what a page shows as code: the lines of its fences, and the spans of its prose."""
    for block in FENCE.findall(text):
        yield from block.replace("\\\n", " ").splitlines()
    yield from SPAN.findall(FENCE.sub("", text))


def typed(text: str, program: str) -> Iterator[list[str]]:
    """Give the words after a program's name, wherever a page's code begins with it (after a prompt or variables)."""
    for line in code(text):
        found = re.match(rf"\s*(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?{program} +(.+)", line)
        if found:
            yield found[1].split("#")[0].split()


def anchors(page: Path) -> set[str]:
    """Give the anchors GitHub makes of a page's headings: lower case, no punctuation, hyphens for spaces."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_generated_parts_are_fresh(capsys: pytest.CaptureFixture[str]) -> None:
    """What is generated stands in the pages as the code would write it now: else run `make docs`."""
    status = generate.main(["--check"])

    assert (status, capsys.readouterr().out) == (0, "")


def test_check_names_a_stale_page_and_leaves_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --check a stale page is named, the status is 1, and nothing is written."""
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- generated: reasons -->\nold\n<!-- end -->\nafter\n")

    status = generate.main(["--check"], tmp_path)

    assert status == 1
    assert "page.md is stale" in capsys.readouterr().out
    assert "\nold\n" in page.read_text()


def test_writing_changes_only_what_is_between_the_markers(tmp_path: Path) -> None:
    """The words around a generated part stay, and a written page is fresh."""
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- generated: reasons -->\nold\n<!-- end -->\nafter\n")

    generate.main([], tmp_path)

    assert page.read_text().startswith("before\n<!-- generated: reasons -->\n| reason |")
    assert page.read_text().endswith("|\n<!-- end -->\nafter\n")
    assert generate.main(["--check"], tmp_path) == 0


def test_a_part_nobody_generates_is_refused() -> None:
    """A marker with a wrong name is a mistake, not an empty part."""
    with pytest.raises(KeyError, match="reason"):
        generate.render("<!-- generated: reason -->\n<!-- end -->")


def test_everything_that_can_be_generated_is_shown() -> None:
    """No generated part is missing from the pages."""
    shown = {
        name for page in DOCS.glob("*.md") for name in re.findall(r"<!-- generated: ([\w ]+) -->", page.read_text())
    }

    assert shown == set(generate.SECTIONS)


@pytest.mark.parametrize(
    ("table", "change"),
    [
        pytest.param("reasons", lambda words: words.pop("not_json"), id="reason without a remedy"),
        pytest.param("reasons", lambda words: words.update(other="…"), id="remedy without a reason"),
    ],
)
def test_words_must_match_the_code(monkeypatch: pytest.MonkeyPatch, table: str, change: Any) -> None:
    """words.toml says something of everything the code knows, and of nothing else."""
    words = {**tables.WORDS, table: dict(tables.WORDS[table])}
    change(words[table])
    monkeypatch.setattr(tables, "WORDS", words)

    with pytest.raises(KeyError):
        tables.reasons()


def test_settings_file_explains_keys_by_the_comment_above() -> None:
    """A key's meaning is the comment above it, of one line or more; a key right below another shares its comment."""
    text = "[a]\n# One\n# two.\nx = 1\n#y = 2\n\n[b]\n# Three.\n#x = 3\n"

    meanings = settings_meanings(text)

    assert meanings == {"a.x": "One two.", "a.y": "One two.", "b.x": "Three."}


def test_settings_file_shows_the_defaults() -> None:
    """The lines that are commented out in the settings file are the defaults the code has, of the method too."""
    text = re.sub(r"^#(?=\w+ = )", "", (PROJECT / "include/trail-insights.toml").read_text(), flags=re.MULTILINE)

    shown = msgspec.toml.decode(text, type=Settings)
    assert msgspec.structs.replace(shown, method=MethodSettings()) == Settings()
    assert replace(Parameters(), **msgspec.structs.asdict(shown.method)) == Parameters()


@pytest.mark.parametrize("page", PAGES)
def test_relative_links_lead_somewhere(page: Path) -> None:
    """A link to a file of the project finds it, and an anchor finds its heading."""
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", SPAN.sub("", FENCE.sub("", page.read_text()))):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        is_elsewhere = re.match(r"[a-z]+:", link) is not None
        if not is_elsewhere and (not target.exists() or (anchor and anchor not in anchors(target))):
            broken.append(link)

    assert broken == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    """Following links from README.md, one comes to every page."""
    reached, waiting = set(), [PROJECT / "README.md"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        links = re.findall(r"\]\(([^):\s#]+\.md)", page.read_text())
        waiting += [target for link in links if (target := (page.parent / link).resolve()) not in reached]

    assert {each.values[0] for each in PAGES} <= reached


@pytest.mark.parametrize("page", PAGES)
def test_make_targets_exist(page: Path) -> None:
    """Every target of `make` that a page names is in the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))

    named = {word for words in typed(page.read_text(), "make") for word in words}

    assert named <= targets


@pytest.mark.parametrize("page", PAGES)
def test_commands_and_their_options_exist(page: Path) -> None:
    """Every command and option of `insights` that a page names is one it takes."""
    group: Any = typer.main.get_command(app)
    known = {
        name: {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        for name, command in group.commands.items()
    }

    unknown = []
    for command, *words in typed(page.read_text(), "insights"):
        options = {word.partition("=")[0] for word in words if word.startswith("--")}
        if command not in known or not options <= known[command]:
            unknown.append((command, options))

    assert unknown == []


@pytest.mark.parametrize("page", PAGES)
def test_settings_exist(page: Path) -> None:
    """Every `table.key` of the settings and every overriding variable that a page names exists."""
    keys = {
        f"{table.name}.{key.name}"
        for table in msgspec.structs.fields(Settings)
        for key in msgspec.structs.fields(table.type)
    }
    tables = "|".join(table.name for table in msgspec.structs.fields(Settings))

    shown = "\n".join(code(page.read_text()))
    named = set(re.findall(rf"^((?:{tables})\.[a-z_]+)(?: = .+)?$", shown, re.MULTILINE))
    overridden = {f"{t}.{k}".lower() for t, k in re.findall(r"TRAIL_INSIGHTS__([A-Z]+)__([A-Z_]+)", shown)}
    # A slip that docs/settings.md shows with the message it gets, and the source of events on EventBridge.
    assert (named | overridden) - {"detect.sensitivty", "trail.insights"} <= keys


@pytest.mark.parametrize("page", PAGES)
def test_files_that_are_named_exist(page: Path) -> None:
    """A path of the project in a page's code is one of a file or folder that is there."""
    path = re.compile(r"(?:insights|dags|docs|include|plugins|tests)/[\w./-]*(?:/|\.(?:py|toml|sql|md))")

    named = {text for text in code(page.read_text()) if path.fullmatch(text)}

    assert [text for text in sorted(named) if not (PROJECT / text).exists()] == []


def test_reasons_are_explained_where_people_look() -> None:
    """The operations page has every reason a quarantine row can have."""
    page = (DOCS / "operations.md").read_text()

    assert [reason for reason in REASONS if f"| `{reason}` |" not in page] == []
