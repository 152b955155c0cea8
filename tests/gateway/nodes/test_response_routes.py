"""Where an answer goes: to the link that the request names, else to the newest one of that node."""

from sbtutorial.amqp.messaging import Source, Target
from sbtutorial.gateway.nodes.request_response import ResponseNode, ResponseRoutes
from tests.wire import RawClient


def response_node(routes: ResponseRoutes, raw: RawClient, number: int, path: str) -> ResponseNode:
    link = raw.attach_receiver(number, f"link {number}")
    link.source, link.target = Source(path), Target(f"address {number}")
    return ResponseNode(link, path, routes)


def test_an_answer_goes_to_the_link_that_is_named() -> None:
    routes, raw = ResponseRoutes(), RawClient()
    nodes = [response_node(routes, raw, number, "q/$management") for number in range(4)]
    elsewhere = response_node(routes, raw, 4, "other/$management")
    for number, node in enumerate(nodes):
        assert routes.find("Q/$Management", f"link {number}") is node
        assert routes.find("q/$management", f"address {number}") is node
    for nobody in (None, "nobody", "link 4", "", b"link 0", [], {}):
        assert routes.find("q/$management", nobody) is nodes[-1]
    assert routes.find("other/$management", "link 0") is elsewhere
    assert routes.find("nothing/$management", "link 0") is None


def test_a_link_that_is_gone_gets_no_answer() -> None:
    routes, raw = ResponseRoutes(), RawClient()
    first, second = (response_node(routes, raw, number, "q/$management") for number in range(2))
    second.link.target = None  # as of a link that is over
    second.detached()
    assert routes.find("q/$management", "address 1") is first
    assert routes.find("q/$management", "link 1") is first
    first.detached()
    assert routes.find("q/$management", "link 0") is None
