"""Wrong answers to the exercises of `create`."""

from tests.exercises.mistake import Mistake

MISTAKES = (
    Mistake(
        "create.options",
        "gigabytes for megabytes",
        """
        def create_orders(admin, name):
            admin.create_queue(name, max_size_in_megabytes=5)
        """,
        "max_size_in_megabytes is 5; in the Standard tier it may be 1024",
        "last words",
    ),
    Mistake(
        "create.options",
        "seconds for a timedelta",
        """
        def create_orders(admin, name):
            admin.create_queue(name, max_size_in_megabytes=5120, lock_duration=30)
        """,
        "your function raised HttpResponseError",
        "Durations are timedeltas",
    ),
    Mistake(
        "create.options",
        "a text for a timedelta",
        """
        def create_orders(admin, name):
            admin.create_queue(
                name, max_size_in_megabytes=5120, default_message_time_to_live="1 minute"
            )
        """,
        "your function raised SerializationError",
        "Durations are timedeltas",
    ),
    Mistake(
        "create.options",
        "a name of its own",
        """
        def create_orders(admin, name):
            try:
                admin.create_queue("orders", max_size_in_megabytes=5120)
            finally:
                admin.delete_queue("orders")
        """,
        "your function used queue 'orders'; the exercise gave it 'exercise'",
        "the name that it is called with",
    ),
    Mistake(
        "create.options",
        "no time to live",
        """
        def create_orders(admin, name):
            admin.create_queue(name, max_size_in_megabytes=5120, max_delivery_count=5)
        """,
        "default_message_time_to_live for ever, the default",
        "a timedelta",
    ),
    Mistake(
        "create.options",
        "a lock of a minute",
        """
        def create_orders(admin, name):
            admin.create_queue(
                name,
                max_size_in_megabytes=5120,
                default_message_time_to_live=timedelta(minutes=1),
                max_delivery_count=5,
            )
        """,
        "lock_duration 60 seconds",
        "lock_duration",
    ),
    Mistake(
        "create.repeatable",
        "only the first time",
        """
        def ensure_queue(admin, name):
            admin.create_queue(name)
        """,
        "it raised `ResourceExistsError`",
        "except ResourceExistsError",
    ),
    Mistake(
        "create.repeatable",
        "delete and create",
        """
        def ensure_queue(admin, name):
            try:
                admin.delete_queue(name)
            except ResourceNotFoundError:
                pass
            admin.create_queue(name)
        """,
        "the order is gone",
        "Deleting a queue deletes its messages",
    ),
    Mistake(
        "create.repeatable",
        "every error swallowed",
        """
        def ensure_queue(admin, name):
            try:
                admin.create_queue(name)
            except Exception:
                pass
        """,
        "as if all were well",
        "nothing wider",
    ),
    Mistake(
        "create.repeatable",
        "looks and does not create",
        """
        def ensure_queue(admin, name):
            for queue in admin.list_queues():
                if queue.name == name:
                    return
        """,
        "it is not there",
        "admin.create_queue",
    ),
)
