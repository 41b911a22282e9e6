"""What we write and what another library writes come to the same numbers, and the pages say just that."""

import numpy as np
import pytest

import make_coming_from as made


def same(peer, found, kept):
    assert found.keys() == kept.keys()
    for pair in made.pairs_of(peer):
        value, other = found[pair["what"]], np.asarray(kept[pair["what"]])
        assert value.shape == other.shape, pair["what"]
        off = pair.get("tolerance", 2e-7) * np.abs(other).max()
        np.testing.assert_allclose(value, other, rtol=0.0, atol=off, err_msg=pair["what"])


@pytest.mark.parametrize("file", made.PAIRS, ids=lambda file: file.stem)
def test_both_come_to_the_same_numbers(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    peer, kept = made.read(file), made.recorded(file)
    same(peer, made.results(peer, "ours"), kept["results"])
    if made.is_installed(peer):
        same(peer, made.results(peer, "theirs"), kept["results"])


@pytest.mark.parametrize("file", made.PAIRS, ids=lambda file: file.stem)
def test_the_page_is_made_of_the_pairs(file):
    assert (made.FOLDER / f"{file.stem}.md").read_text(encoding="utf-8") == made.page(file)


def test_no_name_of_another_library_is_left_out():
    assert {file.stem for file in made.PAIRS} >= {"keras", "pytorch", "scikit_learn", "micrograd", "lectures"}
