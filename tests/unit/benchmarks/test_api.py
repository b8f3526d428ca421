from pathlib import Path

from benchmarks import api, lakes


def test_answers(tmp_path: Path) -> None:
    """Every question is answered over a made lake, and stands in the page with what was found."""
    lake = lakes.make(tmp_path, event_count=2_400, days=1, insight_count=3)
    with api.serving(tmp_path) as (port, _):
        answers = {each.words: api.measure(port, each, 4) for each in api.questions(lake)}
    text = api.render(lake, list(answers.values()), 1.0)

    assert answers["events, newest 50"].entries == 50
    assert answers["Insight records, newest 50"].entries == 6
    assert answers["events of an API that was called once, in the oldest hour"].entries == 1
    assert answers["events of an API that was never called"].entries == 0
    assert all(f"| {words} |" in text for words in answers)
