import tensorflow as tf

from trainer.game.turns import Outcome
from trainer.game.wrappers.calls import Calls, Numbered


def test_calls_of_a_turn_are_the_same_also_when_it_is_looked_ahead_on():
    names = []

    class Noise:
        def within(self, scope):
            return scope

    calls = Calls(Noise())

    def judging():
        names.append([calls.next(), calls.next()])
        return Outcome()

    def making():
        with numbered.lookahead("discriminator", judging, 1, None):
            names.append([calls.next()])
        return Outcome()

    class Updates:
        def minimise(self, side, turn):
            return turn()

        def lookahead(self, side, turn, steps, start):
            turn()
            return tf.name_scope("ahead")

    numbered = Numbered(Updates(), calls)
    numbered.minimise("discriminator", judging)
    numbered.minimise("generator", making)
    assert names == [["0/0", "0/1"], ["0/0", "0/1"], ["1/0"]]
