"""Which calls run next, and which of them together: by hand, with a clock of the test's own."""

import numpy as np
import pytest

from serving.server.batching import BatchingParameters
from serving.server.models import Servable
from serving.server.request_queue import ModelCall, QueueLimits, RequestQueue
from serving.server.status import Code, StatusError

SERVABLE = Servable("m", 1, None, None)


def call(size=1, signature="generate", rows=None, outputs=("y",), array=None):
    """A call of `size` rows that may share a batch; of size 0 it runs alone."""
    array = np.zeros([max(size, 1)], np.int64) if array is None else array
    rows = size if rows is None else rows
    return ModelCall(SERVABLE, signature, {"x": array}, outputs, rows, size)


def queue(max_waiting=100, max_bytes=2**20, max_rows=0, num_threads=9, **batching):
    limits = QueueLimits(num_threads, max_waiting, max_bytes, max_rows)
    return RequestQueue(limits, BatchingParameters(**batching))


def put(a_queue, *calls, now=0.0):
    for each in calls:
        a_queue.put(each, now)
    return calls


def refusal(a_queue, a_call):
    with pytest.raises(StatusError) as caught:
        a_queue.put(a_call, 0.0)
    assert caught.value.code == Code.UNAVAILABLE
    return caught.value.text


def test_what_comes_during_a_batch_makes_up_the_next():
    a_queue = queue()
    calls = put(a_queue, *map(call, (1, 2, 1, 3, 2)))
    first = a_queue.take(0.0)
    assert first == list(calls)  # all were there already
    late = put(a_queue, call(1), call(4))
    assert a_queue.take(0.0) == []
    assert (a_queue.num_waiting, a_queue.num_running) == (2, 5)
    assert a_queue.next_due() is None  # only the end of the batch makes it so
    a_queue.finish(first)
    assert a_queue.take(0.0) == list(late)
    a_queue.finish(list(late))
    assert (a_queue.num_waiting, a_queue.num_running) == (0, 0)


def test_as_many_batches_of_a_key_run_at_once_as_the_parameters_say():
    a_queue = queue(num_batch_threads=2)
    batches = []
    for _ in range(3):
        put(a_queue, call())
        batches.append(a_queue.take(0.0))
    assert [len(batch) for batch in batches] == [1, 1, 0]
    a_queue.finish(batches[1])
    assert len(a_queue.take(0.0)) == 1


@pytest.mark.parametrize(
    "other",
    [
        call(signature="decode"),
        call(outputs=("y", "z")),
        call(array=np.zeros([1], np.int32)),
        call(array=np.zeros([1, 2], np.int64)),
        call(size=0),
    ],
)
def test_calls_of_another_key_run_apart_at_once(other):
    a_queue = queue()
    mine, other = put(a_queue, call(), other)
    assert [a_queue.take(0.0), a_queue.take(0.0)] == [[mine], [other]]


def test_calls_without_a_batch_run_alone_in_the_order_they_came():
    a_queue = queue()
    calls = put(a_queue, call(0), call(0), call(0))
    assert [a_queue.take(0.0) for _ in range(4)] == [[calls[0]], [calls[1]], [calls[2]], []]


def test_keys_take_turns():
    a_queue = queue(max_batch_size=1)
    a, b, c, d = put(a_queue, call(), call(), call(signature="decode"), call(signature="decode"))
    first = a_queue.take(0.0)
    a_queue.finish(first)
    assert [first, a_queue.take(0.0), a_queue.take(0.0)] == [[a], [c], [b]]
    assert d.batch_key == c.batch_key


@pytest.mark.parametrize(
    ("batching", "expected"),
    [
        ({"max_batch_size": 32}, [32, 20]),
        ({}, [52]),
        ({"max_batch_size": 1000, "batch_timeout_micros": 1}, [52]),
        ({"enable_large_batch_splitting": True, "max_execution_batch_size": 30}, [20, 12, 20]),
    ],
)
def test_no_batch_has_more_rows_than_run_at_once(batching, expected):
    a_queue = queue(num_batch_threads=9, **batching)
    put(a_queue, *map(call, (20, 12, 20)))
    batches = [a_queue.take(1.0) for _ in expected]
    assert [sum(each.size for each in batch) for batch in batches] == expected


def test_more_rows_than_enough_do_not_wait_for_each_other():
    a_queue = queue(num_batch_threads=9)
    put(a_queue, *map(call, (100, 40, 24, 1)))
    assert [[each.size for each in a_queue.take(0.0)] for _ in range(3)] == [[100], [40, 24], [1]]


def test_the_first_waits_for_company_until_the_time_is_up_or_the_batch_full():
    a_queue = queue(max_batch_size=4, batch_timeout_micros=500_000)
    put(a_queue, call(2), now=10.0)
    put(a_queue, call(1), now=10.3)
    assert a_queue.take(10.4) == []
    assert a_queue.next_due() == 10.5
    batch = a_queue.take(10.5)
    assert [each.size for each in batch] == [2, 1]
    a_queue.finish(batch)
    put(a_queue, call(3), call(1), now=11.0)
    assert [each.size for each in a_queue.take(11.0)] == [3, 1]


def test_a_full_line_is_unavailable_with_tf_servings_words():
    a_queue = queue(max_batch_size=4, max_enqueued_batches=2, batch_timeout_micros=10**6)
    put(a_queue, call(4), call(3))
    assert "queue to which this task was submitted is full" in refusal(a_queue, call(2))
    put(a_queue, call(1), call(4, signature="decode"))
    assert refusal(a_queue, call(1))


def test_a_request_of_many_batches_is_taken_where_the_line_is_empty():
    splitting = {"enable_large_batch_splitting": True, "max_execution_batch_size": 4}
    a_queue = queue(max_enqueued_batches=1, **splitting)
    put(a_queue, call(100))
    assert refusal(a_queue, call(1))


def test_requests_that_wait_are_bounded_beside_those_that_idle_threads_will_take():
    a_queue = queue(max_waiting=2, num_threads=1)
    put(a_queue, call(0), call(0), call(0))
    assert "2 requests are waiting already (--max_queue)" in refusal(a_queue, call(0))
    batch = a_queue.take(0.0)
    assert refusal(a_queue, call(0))
    a_queue.finish(batch)
    put(a_queue, call(0))


def test_bytes_are_bounded_until_the_run_has_ended_but_one_call_alone_may_be_large():
    a_queue = queue(max_bytes=16)
    put(a_queue, call(100))
    assert "inputs of 800 bytes are waiting already (--max_queue_bytes)" in refusal(a_queue, call())
    batch = a_queue.take(0.0)
    assert refusal(a_queue, call())
    a_queue.finish(batch)
    put(a_queue, call(), call())
    assert refusal(a_queue, call())


def test_rows_that_run_at_once_are_bounded_and_few_do_not_overtake_many():
    a_queue = queue(max_rows=10)
    put(a_queue, call(0, rows=6), call(0, rows=8), call(0, rows=1))
    first = a_queue.take(0.0)
    assert a_queue.take(0.0) == []
    assert a_queue.next_due() is None  # nobody need look again before a batch ends
    a_queue.finish(first)
    assert a_queue.next_due() == 0.0
    assert [a_queue.take(0.0)[0].rows for _ in range(2)] == [8, 1]


def test_a_batch_has_no_more_rows_than_may_run_at_once():
    a_queue = queue(max_rows=25)
    put(a_queue, *map(call, (20, 12, 8)))
    first = a_queue.take(0.0)
    a_queue.finish(first)
    assert [[each.size for each in batch] for batch in (first, a_queue.take(0.0))] == [
        [20],
        [12, 8],
    ]


def test_a_call_that_is_given_up_gives_its_place_back_unless_it_runs():
    a_queue = queue(max_waiting=0, num_threads=2, max_batch_size=1)
    running, gone = put(a_queue, call(), call())
    assert a_queue.take(0.0) == [running]
    assert a_queue.remove(gone)
    assert not a_queue.remove(gone)
    assert not a_queue.remove(running)
    put(a_queue, call())
    a_queue.finish([running])
    assert a_queue.num_waiting == 1
