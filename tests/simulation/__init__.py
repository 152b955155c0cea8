"""A deterministic simulation of the whole broker: clients, network, disk and time from one seed.

Read `promises` first: it is what all of this is for. `python -m tests.simulation --help` runs it:
`--seeds 0:100000` searches, `--seed 4711` tells the story of one, `--file` has the product's file.

    promises  what must be true, in the product's words: of messages, locks and sessions; further
              ones in group_promises (what belongs together), entity_promises (statuses),
              forwarding_promises and standing_promises (the broker seen from inside)
    ledger    what the clients have been told, and so what must be true
    scenery   the themes of a seed: entities, and who lives there
    statuses  what is known of who is disabled, and from when to when
    programs  what clients do with queues; `client` is how they talk. Further ones: publishing,
              holding (lock tokens), moving (transactions), resending, web_programs (over HTTP)
    network   connections that are slow, stall and break
    disk      a store of virtual time: late, full, and losing what was not safe
    world     the lives of the broker, and the clocks; `timeline` is virtual time itself
    audit     looking at everything: after a restart, and at the end
    run       one seed from its beginning to its end, and all that goes wrong meanwhile
    failing   what fails inside the broker and is only logged
    plants, further_plants   defects planted on purpose, each of which must be found

`test_restarts` is a state machine of its own: the same is done in memory and in what is kept.
"""
