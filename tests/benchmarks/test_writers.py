from benchmarks import coco_sentences, oracle_sequences, picture_captions


def test_a_game_is_held_against_the_curve_of_maximum_likelihood():
    def row(writer, bleu, self_bleu):
        return {"writer": writer, "BLEU-5": bleu, "self-BLEU-5": self_bleu}

    rows = coco_sentences.marked(
        [
            row("our MLE", 0.1, 0.2),
            row("our MLE", 0.3, 0.6),
            row("published", 0.18, 0.4),
            row("real text", 0.25, 0.3),
            row("repeats itself", 0.9, 0.95),
            {"writer": "our SeqGAN", "BLEU-5": "not run"},
        ]
    )
    above = [row.get("above MLE's curve") for row in rows]
    assert above == [None, None, -0.02, 0.1, None, None]


def test_the_share_closed_is_of_the_way_from_maximum_likelihood_to_the_floor():
    def numbers(nll):
        return {
            "oracle_nll": nll,
            "oracle_nll_real": 4.0,
            "oracle_nll_random": 9.0,
            "text_nll": 5.0,
            "self_bleu_2": 0.2,
            "unique_texts": 1.0,
        }

    games = {"MLE": [numbers(6.0), numbers(5.0)], "SeqGAN": [numbers(5.0)], "other": []}
    table = oracle_sequences.rows(games)
    assert [row["writer"] for row in table] == ["random", *games, "the oracle itself (floor)"]
    assert [row["NLL"] for row in table] == ["9 ± 0", "5.5 ± 0.71", "5", "not run", "4 ± 0"]
    assert [row.get("share closed") for row in table] == [None, None, "33.3%", None, None]


def test_games_of_captions_stand_side_by_side_and_what_did_not_run_says_so():
    run = {key: 0.25 for key in picture_captions._COLUMNS.values()}
    other = run | {"exact_captions": 0.75}
    first, second = picture_captions.rows({"MLE": [run, other], "game": []})
    assert (first["true captions"], first["R@1 of 100"]) == ("0.500 ± 0.35", "0.250 ± 0")
    assert second["true captions"] == "not run" and second["seeds"] == 0
