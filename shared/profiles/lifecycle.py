def lifecycle(state, now, limits=None, known=False):
    return "new"


def average_order(state):
    return None


def days_since_order(state, now):
    return None


def days_since_seen(state, now):
    return None


def abandoned_cart(state, now):
    return False
