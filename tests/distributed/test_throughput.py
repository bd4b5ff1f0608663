import pytest

from core.distributed import throughput as module
from core.distributed.job import Summary, rate_of
from core.runtime.ray_connection import EngineError


@pytest.fixture(autouse=True)
def _address(monkeypatch):
    monkeypatch.setenv("RETAKE_RAY_ADDRESS", "nobody.is.asked:1")


def test_rates_stand_as_ratios_to_the_first_and_each_run_has_a_folder_of_its_own():
    folders, told = set(), []

    def assess(items, folder, job, workers):
        folders.add(folder)
        return Summary(len(items), 0, 0, 0, {1: 10.0, 2: 19.0}[workers])

    found = module.throughput([1, 2], 3, assess, told.append)
    assert found == {"photos": 3, "per_second": {"1": 10.0, "2": 19.0}, "ratio": {"1": 1.0, "2": 1.9}}
    assert len(folders) == 2
    assert len(told) == 2


@pytest.mark.parametrize("done", [Summary(3, 0, 0, 0, 0.0), Summary(2, 0, 0, 1, 9.0)])
def test_a_run_that_tells_no_rate_is_not_taken_for_one(done):
    with pytest.raises(EngineError, match="more with --photos"):
        module.throughput([1], 3, lambda *_args: done, lambda _text: None)


def test_a_rate_leaves_out_the_start_of_the_workers():
    assert rate_of([(100.0, 8), (101.0, 12), (102.0, 28)]) == 10.0
    assert rate_of([(100.0, 8)]) == 0.0
