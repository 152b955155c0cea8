"""What `lab.show` shows by a name: a queue, a subscription, or a topic with its subscriptions."""

from typing import TYPE_CHECKING

from sbtutorial.hosting.control_client import BrokerGone
from sbtutorial.lab.service import Service
from sbtutorial.views.queue_picture import Picture

if TYPE_CHECKING:
    from sbtutorial.views.topic_picture import TopicPicture


def picture(service: Service, name: str) -> "Picture | TopicPicture":
    """The picture of what has that name.

    Raises:
        TutorialError: Nothing has, or the broker is gone.
    """
    try:
        return Picture(service.snapshot(name))
    except BrokerGone:
        raise
    except Exception:  # whatever the service says where there is no queue of that name
        names = service.subscriptions(name)
        if names is None:
            raise
    from sbtutorial.views.topic_picture import TopicPicture

    subscriptions = [(one, service.snapshot(f"{name}/{one}")) for one in names]
    return TopicPicture(service.whole_name(name), subscriptions)
