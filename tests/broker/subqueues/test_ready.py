from sbtutorial.broker.subqueues.ready import ReadyHeap


def test_lowest_number_leaves_first_whenever_it_joined() -> None:
    line = ReadyHeap(lambda number: True)
    for number in (5, 2, 9, 1):
        line.join(number)
    assert [line.leave_first() for _ in range(5)] == [1, 2, 5, 9, None]


def test_number_that_is_no_longer_ready_is_skipped() -> None:
    ready = {1, 2, 3}
    line = ReadyHeap(ready.__contains__)
    for number in (1, 2, 3):
        line.join(number)
    ready -= {1, 2}
    assert line.leave_first() == 3


def test_leftovers_are_swept_when_they_are_the_most() -> None:
    ready = set(range(1000))
    line = ReadyHeap(ready.__contains__)
    for number in range(1000):
        line.join(number)
    ready -= set(range(990))
    line.sweep(len(ready))
    assert len(line) == 10
    assert line.leave_first() == 990


def test_the_first_stays_where_it_is_and_skips_who_is_not_ready() -> None:
    ready = {2, 3}
    line = ReadyHeap(ready.__contains__)
    assert line.first() is None
    for number in (3, 1, 2):
        line.join(number)
    assert line.first() == line.first() == 2
    ready.clear()
    assert line.first() is None
