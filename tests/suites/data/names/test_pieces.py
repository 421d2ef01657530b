"""Pieces make up their text again, and look the same wherever they stand."""

from hypothesis import given
from hypothesis import strategies as st

from suites.data.names.pieces import FIXED_ROWS, LISTS, RANK_SHIFT, cut, hashed, listed, rows_of, shape


@given(st.text())
def test_the_pieces_of_a_text_make_up_the_text(text: str) -> None:
    assert "".join(cut(text)) == text


def test_an_address_of_a_page_a_mailbox_and_a_handle_are_one_piece() -> None:
    text = "mail a.b@c.de or @joe, #tag https://x.org/a?b=1 now"
    assert cut(text) == ["mail", " a.b@c.de", " or", " @joe", ",", " #tag", " https://x.org/a?b=1", " now"]


def test_words_numbers_and_signs_are_pieces_with_their_space() -> None:
    assert cut("Ann O'Hara, 12b\n x_y") == ["Ann", " O", "'", "Hara", ",", " 12", "b", "\n", " x", "_", "y"]


def test_shapes_tell_case_digits_and_spaces() -> None:
    assert (
        len({shape(each) for each in ("ann", "Ann", "ANN", "aNN", "AnN", "A", "12", "123", " ann", "\n", "  ", ",")})
        == 12
    )


@given(st.text(min_size=1, max_size=12), st.integers(0, (1 << RANK_SHIFT + 3) - 1))
def test_every_row_is_in_the_table(piece: str, mask: int) -> None:
    form, word, names = rows_of(piece, {}, {})
    assert word == -1
    assert all(0 <= row < FIXED_ROWS for row in (*form, *names, *listed(mask % (6 << RANK_SHIFT))))


def test_what_the_lists_say_of_a_word_does_not_depend_on_its_case() -> None:
    lists = {hashed("york"): 1 << LISTS.index("city")}
    assert rows_of(" York", {}, lists)[2] == rows_of("YORK", {}, lists)[2] != rows_of("cork", {}, lists)[2]
