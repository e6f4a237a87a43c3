from __future__ import annotations

import tomllib

from tools.mutation import MODULES, ROOT, TESTS, sample, settings, summary


def test_what_is_mutated_and_what_must_find_it_exist() -> None:
    told = tomllib.loads(settings())["tool"]["mutmut"]
    for file in (*told["only_mutate"], *told["pytest_add_cli_args_test_selection"]):
        assert (ROOT / file).is_file(), file
    assert (len(told["only_mutate"]), len(told["pytest_add_cli_args_test_selection"])) == (len(MODULES), len(TESTS))


def test_a_sample_is_the_same_for_the_same_seed() -> None:
    names = [f"m{n}" for n in range(100)]
    assert sample(names, 10, 1) == sample(list(reversed(names)), 10, 1) != sample(names, 10, 2)
    assert sample(names[:3], 10, 1) != []
    assert sorted(sample(names[:3], 10, 1)) == names[:3]


def test_the_score_counts_what_was_run_and_names_what_survived() -> None:
    codes: dict[str, dict[str, int | None]] = {
        "a": {"m1": 1, "m2": 0, "m3": None, "m4": -24, "untested": 33},
        "b": {"m5": None},
    }
    assert summary(codes) == {
        "a": {"mutants": 5, "run": 4, "score": 50.0, "survivors": ["m2", "untested"]},
        "b": {"mutants": 1, "run": 0, "score": None, "survivors": []},
    }
