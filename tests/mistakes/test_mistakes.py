"""Each mistake of the transcripts is answered so, word for word, and what the answer proposes works."""

import textwrap

import pytest
import transcripts

ALL = [entry for name in transcripts.NAMES for entry in transcripts.mistakes(name)]
EXITS = {0, 1, 2}


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("mistake", ALL, ids=[entry.title for entry in ALL])
def test_a_mistake_is_answered_and_what_is_proposed_works(mistake):
    transcripts.made(mistake)
    before = transcripts.contents()
    code, answer = transcripts.answered(mistake)
    assert (code, answer) == (mistake.code, mistake.answer)
    if code == 2:
        assert transcripts.contents() == before, "something was written"
    for line in mistake.tried:
        transcripts.try_out(line, mistake.is_python)


@pytest.mark.parametrize("mistake", ALL, ids=[entry.title for entry in ALL])
def test_an_answer_is_short_and_all_that_it_proposes_is_tried(mistake):
    text = "\n".join(mistake.answer)
    lines = [part for line in mistake.answer for part in textwrap.wrap(line, 80) or [""]]
    assert 0 < len(lines) <= 8
    assert "Traceback" not in text and "has a bug" not in text
    assert mistake.tried, "no remedy is tried"
    commands, options, meant = transcripts.proposed(mistake.answer)
    tried = "\n".join(mistake.tried)
    for command in commands:
        named = " ".join(command.split()[:2])
        assert named in tried or command in mistake.typed, f"{command} is not tried"
    for option in options:
        assert option in tried or option in mistake.typed, f"{option} is not tried"
    for name in meant:
        assert name in tried, f"{name!r} is not tried"


def test_there_are_many_mistakes_and_no_title_comes_twice():
    titles = [entry.title for entry in ALL]
    assert len(titles) >= 100 and len(set(titles)) == len(titles)
