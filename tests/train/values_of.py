"""All that a network has learned or keeps, in one list."""


def values_of(network):
    return [*network.parameters.values(), *network.statistics.values()]
