"""Temporary: H2's branch brings it."""

from alvh_bt.compiled import rule


@rule
def quorum(mask, condor, today, votes):
    return (0, 0)


@rule
def quorum_met(tally, needed):
    return True
