import math
import random
import warnings
from typing import Any

import pytest

from harness.errors import ModelError
from harness.model.engine import Engine
from harness.suite import Answer, Request
from harness.types import Message

WORDS = ["what", "is", "the", "colour", "of", "red", "lamp", "desk", "blue", "yes", "no", "maybe", "7", "42"]


def ask(engine: Engine, requests: list[Request]) -> list[Answer]:
    found = {each.index: each.answer for batch in engine.answers(requests) for each in batch}
    return [found[index] for index in range(len(requests))]


def chats(count: int, seed: int = 0, **told: Any) -> list[Request]:
    rng = random.Random(seed)
    texts = [" ".join(rng.choices(WORDS, k=rng.randint(1, 12))) for _ in range(count)]
    return [Request(messages=(Message(role="user", content=text),), **{"max_new_tokens": 16, **told}) for text in texts]


def generated_alone(model: Any, tokenizer: Any, request: Request) -> tuple[str, bool]:
    """What transformers itself generates for one prompt."""
    import torch

    turns = [message.model_dump() for message in request.messages]
    ids = tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    with torch.inference_mode():
        out = model.generate(**ids, max_new_tokens=request.max_new_tokens, do_sample=False)[
            0, ids["input_ids"].shape[1] :
        ].tolist()
    ends = set(model.generation_config.eos_token_id)
    finished = out[-1] in ends
    return tokenizer.decode(out[:-1] if finished else out, skip_special_tokens=True), finished


def token_logprobs(model: Any, ids: list[int]) -> list[float]:
    """The log-probability of each token but the first, computed the plain way."""
    import torch

    with torch.inference_mode():
        logits = model(torch.tensor([ids])).logits[0].double()
    scores = torch.log_softmax(logits, -1)
    return [float(scores[at, token]) for at, token in enumerate(ids[1:])]


@pytest.mark.parametrize("batch_tokens", [40, 200, 8192])
def test_greedy_answers_are_those_of_transformers_whatever_else_is_in_the_batch(loaded: Any, batch_tokens: int) -> None:
    model, tokenizer = loaded
    requests = chats(24) + chats(8, seed=1, max_new_tokens=3)
    random.Random(0).shuffle(requests)
    answers = ask(Engine(model, tokenizer, batch_tokens), requests)
    assert [(answer.text, answer.finished) for answer in answers] == [
        generated_alone(model, tokenizer, each) for each in requests
    ]
    assert len({answer.finished for answer in answers}) == 2


def test_a_stop_string_ends_one_row_and_is_cut_off(loaded: Any) -> None:
    model, tokenizer = loaded
    requests = chats(12)
    free = ask(Engine(model, tokenizer), requests)
    longest = max(free, key=lambda answer: len(answer.text))
    stop = longest.text[2:4]
    stopped = ask(
        Engine(model, tokenizer), [each.model_copy(update={"stop": (stop, "never said")}) for each in requests]
    )
    assert [answer.text for answer in stopped] == [answer.text.partition(stop)[0] for answer in free]
    assert stopped[free.index(longest)].finished


def test_rows_of_one_batch_may_have_different_stop_strings(loaded: Any) -> None:
    model, tokenizer = loaded
    one, other = chats(2)
    text = ask(Engine(model, tokenizer), [one])[0].text
    answers = ask(Engine(model, tokenizer), [one.model_copy(update={"stop": (text[1:3],)}), other])
    assert answers[0].text == text[:1]
    assert answers[1] == ask(Engine(model, tokenizer), [other])[0]


def test_a_sampled_answer_depends_on_its_seed_and_not_on_its_batch(loaded: Any) -> None:
    model, tokenizer = loaded
    request = chats(1, temperature=1.5)[0]
    alone = ask(Engine(model, tokenizer), [request])[0]
    crowd = ask(Engine(model, tokenizer), [*chats(9, seed=3), request, *chats(4, seed=4, temperature=2.0)])[9]
    others = [
        ask(Engine(model, tokenizer), [request.model_copy(update={"repeat": repeat})])[0].text for repeat in range(1, 5)
    ]
    assert crowd == alone
    assert len({alone.text, *others}) > 2
    assert ask(Engine(model, tokenizer), [request.model_copy(update={"seed": 9})])[0].text != alone.text


def test_sampling_draws_from_the_softmax(loaded: Any) -> None:
    import torch

    model, tokenizer = loaded
    engine = Engine(model, tokenizer)
    request = Request(text="the lamp", max_new_tokens=1, temperature=2.0)
    drawn = [answer.text for answer in ask(engine, [request.model_copy(update={"repeat": n}) for n in range(600)])]
    with torch.inference_mode():
        logits = model(torch.tensor([engine.prompts.encode(request)])).logits[0, -1]
    likely = int(logits.argmax())
    expected = float(torch.softmax(logits / 2.0, -1)[likely])
    said = "" if likely in engine._ends else tokenizer.decode([likely])
    share = sum(text == said for text in drawn) / len(drawn)
    assert share == pytest.approx(expected, abs=5 * math.sqrt(expected * (1 - expected) / 600) + 0.02)


@pytest.mark.parametrize("batch_tokens", [50, 8192])
def test_log_likelihoods_are_those_of_one_text_at_a_time(loaded: Any, batch_tokens: int) -> None:
    model, tokenizer = loaded
    rng = random.Random(2)
    requests = []
    for _ in range(30):
        prompt, continuation = (
            " ".join(rng.choices(WORDS, k=rng.randint(1, 9))),
            " " + " ".join(rng.choices(WORDS, k=rng.randint(1, 4))),
        )
        requests.append(Request(kind="loglikelihood", text=prompt, continuation=continuation))
    answers = ask(Engine(model, tokenizer, batch_tokens), requests)
    for request, answer in zip(requests, answers, strict=True):
        before, whole = tokenizer.encode(request.text), tokenizer.encode(request.text + request.continuation)
        assert answer.logprob == pytest.approx(sum(token_logprobs(model, whole)[len(before) - 1 :]), abs=1e-4)
        assert answer.tokens == len(whole) - len(before)
        assert answer.bytes == len(request.continuation.encode())


def test_greedy_is_said_of_the_continuation_that_the_model_would_give(loaded: Any) -> None:
    model, tokenizer = loaded
    engine = Engine(model, tokenizer)
    spans = engine.prompts.scored(0, Request(kind="loglikelihood", text="the lamp", continuation=" is"))
    import torch

    with torch.inference_mode():
        likely = int(model(torch.tensor([spans[0].ids[: spans[0].start]])).logits[0, -1].argmax())
    told = tokenizer.decode([likely])
    answers = ask(
        engine, [Request(kind="loglikelihood", text="the lamp", continuation=each) for each in (" is", " no", " 7")]
    )
    assert all(
        answer.greedy == (tokenizer.encode(each) == [likely])
        for answer, each in zip(answers, (" is", " no", " 7"), strict=True)
    )
    if tokenizer.encode("the lamp" + told)[-1] == likely and told.strip():
        assert ask(engine, [Request(kind="loglikelihood", text="the lamp", continuation=told)])[0].greedy


def test_an_empty_prompt_is_scored_after_the_first_token(loaded: Any) -> None:
    model, tokenizer = loaded
    answer = ask(Engine(model, tokenizer), [Request(kind="loglikelihood", continuation="the lamp")])[0]
    ids = [tokenizer.bos_token_id, *tokenizer.encode("the lamp")]
    assert answer.logprob == pytest.approx(sum(token_logprobs(model, ids)), abs=1e-4)


@pytest.mark.parametrize("words", [5, 96, 97, 400])
def test_every_token_of_a_long_text_is_scored_once(loaded: Any, words: int) -> None:
    model, tokenizer = loaded
    text = "x7" * (words // 2) or "x"
    answer = ask(Engine(model, tokenizer), [Request(kind="rolling", text=text), Request(kind="rolling", text="short")])[
        0
    ]
    tokens, context = tokenizer.encode(text), 96
    ids = [tokenizer.bos_token_id, *tokens]
    expected, done = 0.0, 1
    while done < len(ids):
        end = min(done + context, len(ids))
        begin = max(0, end - 1 - context)
        expected += sum(token_logprobs(model, ids[begin:end])[-(end - done) :])
        done = end
    assert answer.tokens == len(tokens)
    assert answer.logprob == pytest.approx(expected, abs=1e-3)
    assert answer.bytes == len(text.encode())


def test_bits_per_byte_count_bytes_and_not_characters(loaded: Any) -> None:
    assert ask(Engine(*loaded), [Request(kind="rolling", text="é€")])[0].bytes == 5


def test_prompts_that_do_not_fit_are_counted_and_refused(loaded: Any) -> None:
    with pytest.raises(ModelError, match=r"2 of 5 prompts are too long .* fewer than the context of 96 tokens"):
        ask(Engine(*loaded), [*chats(3), Request(text="x7" * 60), Request(text="x7" * 70)])


def test_an_answer_ends_where_the_context_does(loaded: Any) -> None:
    request = Request(text="x7" * 45, max_new_tokens=50, temperature=3.0)
    answers = ask(Engine(*loaded), [request.model_copy(update={"repeat": repeat}) for repeat in range(20)])
    assert max(answer.tokens for answer in answers) == 6
    assert not any(answer.finished for answer in answers if answer.tokens == 6)


@pytest.mark.parametrize(
    "request_",
    [Request(kind="rolling", text=""), Request(kind="loglikelihood", text="the"), Request(text="", max_new_tokens=2)],
)
def test_an_empty_text_is_refused(loaded: Any, request_: Request) -> None:
    with pytest.raises(ModelError, match="empty"):
        ask(Engine(*loaded), [request_])


@pytest.mark.parametrize("request_", [Request(text="the lamp"), Request(kind="rolling", text="the lamp")])
def test_numbers_that_are_not_finite_stop_the_measurement(made: Any, request_: Request) -> None:
    import torch

    from harness.model.load import load_model, load_tokenizer

    model = load_model(made / "model", "cpu")
    with torch.no_grad():
        model.model.norm.weight[0] = float("nan")
    with pytest.raises(ModelError, match="not finite"):
        ask(Engine(model, load_tokenizer(made / "model")), [request_])


def test_a_prompt_is_rendered_by_the_template_and_kept_with_the_answer(loaded: Any) -> None:
    assert ask(Engine(*loaded), chats(1, seed=5))[0].prompt.endswith("<|end|><|assistant|>")


def test_turns_are_joined_by_newlines_without_a_template(loaded: Any) -> None:
    model, tokenizer = loaded
    template, tokenizer.chat_template = tokenizer.chat_template, None
    try:
        turns = (Message(role="system", content="be kind"), Message(role="user", content="what is"))
        assert ask(Engine(model, tokenizer), [Request(messages=turns)])[0].prompt == "be kind\nwhat is"
    finally:
        tokenizer.chat_template = template


def test_a_template_that_prints_the_date_gives_one_prompt_on_every_day(loaded: Any) -> None:
    model, tokenizer = loaded
    template, tokenizer.chat_template = (
        tokenizer.chat_template,
        "{{ strftime_now('%d %B %Y') }}" + tokenizer.chat_template,
    )
    try:
        assert ask(Engine(model, tokenizer), chats(1))[0].prompt.startswith("01 January 2025")
    finally:
        tokenizer.chat_template = template


def test_a_template_that_refuses_the_turns_is_a_clear_error(loaded: Any) -> None:
    model, tokenizer = loaded
    template, tokenizer.chat_template = tokenizer.chat_template, "{{ raise_exception('roles must alternate') }}"
    try:
        with pytest.raises(ModelError, match="cannot render turns of user: roles must alternate"):
            ask(Engine(model, tokenizer), chats(1))
    finally:
        tokenizer.chat_template = template


@pytest.mark.parametrize("pad", ["<|end|>", None])
def test_padding_never_changes_an_answer(loaded: Any, pad: str | None) -> None:
    model, tokenizer = loaded
    expected = ask(Engine(model, tokenizer), chats(12))
    before, tokenizer.pad_token = tokenizer.pad_token, pad
    try:
        tokenizer.padding_side = "right"
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert ask(Engine(model, tokenizer), chats(12)) == expected
    finally:
        tokenizer.pad_token, tokenizer.padding_side = before, "left"


def test_a_batch_that_does_not_fit_into_memory_is_halved(loaded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    engine = Engine(*loaded)
    expected, generate = ask(engine, chats(9)), engine._generate
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)

    def small(batch: list[Any]) -> list[Any]:
        if len(batch) > 2:
            raise torch.OutOfMemoryError("no memory")
        return generate(batch)

    monkeypatch.setattr(engine, "_generate", small)
    assert ask(engine, chats(9)) == expected
