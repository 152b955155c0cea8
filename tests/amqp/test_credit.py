from sbtutorial.amqp.credit import LinkCredit

LAST = 0xFFFFFFFF


def test_credit_is_spent_one_delivery_at_a_time() -> None:
    credit = LinkCredit()
    credit.grant(2)
    credit.spend()
    assert (credit.available, credit.delivery_count) == (1, 1)


def test_grant_of_the_peer_counts_what_is_on_its_way() -> None:
    credit = LinkCredit()
    credit.grant(5)
    for _ in range(3):
        credit.spend()
    credit.granted_by_peer(1, 10)
    assert credit.available == 8


def test_grant_without_a_delivery_count_starts_from_ours() -> None:
    credit = LinkCredit(7)
    credit.granted_by_peer(None, 3)
    assert credit.available == 3


def test_grant_that_is_spent_already_leaves_nothing() -> None:
    credit = LinkCredit(10)
    credit.granted_by_peer(0, 5)
    assert credit.available == 0


def test_credit_holds_across_the_wrap() -> None:
    credit = LinkCredit(LAST)
    credit.grant(5)
    credit.spend()
    assert credit.delivery_count == 0
    credit.granted_by_peer(LAST, 5)
    assert credit.available == 4


def test_drain_advances_the_delivery_count() -> None:
    credit = LinkCredit(LAST)
    credit.grant(3)
    credit.exhaust()
    assert (credit.available, credit.delivery_count) == (0, 2)


def test_credit_that_the_sender_gives_back_is_gone() -> None:
    credit = LinkCredit(LAST)
    credit.grant(3)
    credit.exhausted_by_peer(2)
    assert (credit.available, credit.delivery_count) == (0, 2)
