import socket

from servicekit.broker import BrokerAway, Link


def nobody_listens():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_link_that_finds_a_node_away_reaches_another_one_later(vhost):
    url = vhost.url("complaints")
    gone = f"amqp://{vhost.prefix}complaints:x@127.0.0.1:{nobody_listens()}/{vhost.name}"
    reached = refused = 0

    for _ in range(60):
        link = Link(f"{gone};{url}")
        try:
            link.open().close()
            reached += 1
        except BrokerAway:
            refused += 1
        if reached and refused:
            break

    assert reached and refused
