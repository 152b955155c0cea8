"""Right answers to the exercises of `create` that go another way."""

from tests.exercises.unusual import Unusual

WAYS = (
    Unusual(
        "create.options",
        "made plain, then changed",
        """
        def create_orders(admin, name):
            queue = admin.create_queue(name)
            queue.max_size_in_megabytes = 5120
            queue.default_message_time_to_live = timedelta(minutes=1)
            queue.lock_duration = timedelta(seconds=30)
            queue.max_delivery_count = 5
            admin.update_queue(queue)
        """,
    ),
    Unusual(
        "create.options",
        "a table of options",
        """
        OPTIONS = {
            "max_size_in_megabytes": 5 << 10,
            "default_message_time_to_live": timedelta(hours=1) / 60,
            "lock_duration": timedelta(minutes=0.5),
            "max_delivery_count": 5,
        }

        def create_orders(admin, name):
            return admin.create_queue(name, **OPTIONS)
        """,
    ),
    Unusual(
        "create.options",
        "anew, whatever was there",
        """
        def create_orders(admin, name):
            try:
                admin.delete_queue(name)
            except ResourceNotFoundError:
                pass
            admin.create_queue(
                queue_name=name,
                max_delivery_count=5,
                lock_duration=timedelta(0, 30),
                default_message_time_to_live=timedelta(0, 60),
                max_size_in_megabytes=5120,
                dead_lettering_on_message_expiration=True,
            )
        """,
    ),
    Unusual(
        "create.options",
        "a lambda",
        """
        create_orders = lambda admin, name: admin.create_queue(
            name,
            max_size_in_megabytes=5120,
            default_message_time_to_live=timedelta(seconds=60),
            lock_duration=timedelta(seconds=30),
            max_delivery_count=5,
        )
        """,
    ),
    Unusual(
        "create.repeatable",
        "suppresses the one error",
        """
        from contextlib import suppress

        def ensure_queue(admin, name):
            with suppress(ResourceExistsError):
                return admin.create_queue(name)
        """,
    ),
    Unusual(
        "create.repeatable",
        "knows the error by its number",
        """
        def ensure_queue(admin, name):
            try:
                admin.create_queue(name)
            except HttpResponseError as error:
                if error.status_code != 409:
                    raise
        """,
    ),
)
