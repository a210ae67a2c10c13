import numpy as np

from orchestrator.systems.federation.experiments.paillier import OFFSET, deal


def test_a_threshold_opens_the_exact_sum_and_fewer_nothing() -> None:
    key, shares = deal(512, 3, 5)
    values = np.array([[1, -2, OFFSET - 1, -OFFSET] * 5, [5, 5, -5, 0] * 5])
    total = key.add([key.encrypt(each) for each in values])
    for party in ((1, 2, 3), (2, 4, 5), (5, 3, 1)):
        words = [key.combine({each: key.share_of(word, shares[each]) for each in party}) for word in total]
        assert key.unpack([word or 0 for word in words], 20, 2).tolist() == values.sum(axis=0).tolist()
    assert key.combine({each: key.share_of(total[0], shares[each]) for each in (1, 2)}) is None
    wrong = {each: key.share_of(total[0], shares[each] + (each == 2)) for each in (1, 2, 3)}
    assert key.combine(wrong) is None
    assert key.encrypt(values[0]) != key.encrypt(values[0])
