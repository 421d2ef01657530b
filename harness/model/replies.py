"""Asks a served model: a request as the server wants it, and an answer from what it replied.

``chat`` sends turns, and the server's own template renders them. ``completions`` sends text, turns joined by newlines as for
any model without a template; there a text is scored too, by having the server echo it with the likelihood of each of its
tokens. Servers that do not echo, and every chat API, cannot score texts, and say so before anything is asked.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from harness.errors import ModelError, PromptError
from harness.model.batching import Answered
from harness.model.posting import NotWhole, Post, posted
from harness.model.served import ServedModel
from harness.store import digest_of
from harness.suite import Answer, Request

PATHS = {"chat": "/chat/completions", "completions": "/completions"}
#: More stop strings than this many servers refuse; the rest is cut off here, as all of them are.
MOST_STOPS = 4
_ENDED = ("stop", "eos", "eos_token", "stop_sequence", "end_turn")
_CUT = ("length", "max_tokens")


class ServedEngine:
    """Asks one served model; see :class:`harness.model.engine.Engine`.

    Attributes:
        plain: Always None: how texts are scored is the server's affair.
    """

    plain: str | None = None

    def __init__(self, served: ServedModel) -> None:
        """Names the server; nothing is asked yet."""
        self._served = served

    def answers(self, requests: Sequence[Request]) -> Iterator[list[Answered]]:
        """Answers requests and hands them out as they come.

        Raises:
            ModelError: The server cannot do what is asked, or a request failed.
            PromptError: The server refuses a prompt.
            UsageError: The environment holds no key.
        """
        if self._served.api == "chat" and any(request.kind != "generate" for request in requests):
            raise ModelError(
                f"the chat API of '{self._served.url}' cannot score texts", "a server with 'api: completions' that echoes",
                "take suites of multiple choice and of texts out, or measure the model's folder",
            )  # fmt: skip
        posts = [self._post(request) for request in requests]
        for batch in posted(self._served, PATHS[self._served.api], posts):
            yield [Answered(index, answer) for index, answer in batch]

    def _post(self, request: Request) -> Post:
        if request.kind == "generate":
            body, read = self._generation(request), _generated
        else:
            text = request.text if request.kind == "rolling" else prompt_of(request) + request.continuation
            body, read = self._echo(text), _scored
        return Post({**self._served.extra, **body}, partial(read, request), partial(_refused, request))

    def _generation(self, request: Request) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._served.model, self._served.token_limit: request.max_new_tokens,
            "temperature": request.temperature,
        }  # fmt: skip
        if request.stop:
            body["stop"] = list(request.stop[:MOST_STOPS])
        if request.temperature > 0:
            body["seed"] = _seed(request)
        if self._served.api == "completions":
            return body | {"prompt": prompt_of(request)}
        turns = [{"role": each.role, "content": each.content} for each in request.messages]
        return body | {"messages": turns or [{"role": "user", "content": request.text}]}

    def _echo(self, text: str) -> dict[str, Any]:
        # One token has to be generated, since some servers refuse none; it is not read.
        return {
            "model": self._served.model, "prompt": text, "max_tokens": 1, "temperature": 0.0, "echo": True, "logprobs": 1,
        }  # fmt: skip


def prompt_of(request: Request) -> str:
    """The prompt of a request as text; what a server's own template makes of turns is not known here."""
    return "\n".join(message.content for message in request.messages) if request.messages else request.text


def _seed(request: Request) -> int:
    """A seed that is the request's own, so that no two draws of one prompt are the same."""
    told = hashlib.sha256(digest_of(request.model_dump(mode="json")).encode()).digest()
    return int.from_bytes(told[:4], "big") >> 1


def _refused(request: Request, said: str) -> ModelError:
    return PromptError(said, "a prompt that the server takes", "shorten the item, or look at 'extra'", [request])


def _choice(reply: Mapping[str, Any]) -> Mapping[str, Any]:
    choices = reply.get("choices") if isinstance(reply, Mapping) else None
    if not isinstance(choices, list) or len(choices) != 1 or not isinstance(choices[0], Mapping):
        raise NotWhole("no single choice")
    return choices[0]


def _generated(request: Request, reply: Mapping[str, Any]) -> Answer:
    choice = _choice(reply)
    text, ended = _text(choice), str(choice.get("finish_reason"))
    if ended == "content_filter":
        raise ModelError(
            "the server's filter kept an answer back", "what the model itself says",
            "ask a server without a filter; a model is not measured by what stands before it",
        )  # fmt: skip
    if ended not in (*_ENDED, *_CUT):
        # Half an answer, or none, is no answer: it is never scored.
        raise NotWhole(f"the answer ended by '{ended}'")
    cut = min((at for at in (text.find(stop) for stop in request.stop) if at >= 0), default=None)
    return Answer(
        prompt=prompt_of(request), text=text[:cut], tokens=_count(reply, "completion_tokens"),
        prompt_tokens=_count(reply, "prompt_tokens"), finished=ended in _ENDED or cut is not None,
    )  # fmt: skip


def _text(choice: Mapping[str, Any]) -> str:
    """The generated text, or the text of a refusal where a server keeps that apart."""
    message = choice.get("message")
    if not isinstance(message, Mapping):
        found = choice.get("text")
    else:
        found = message.get("refusal") if message.get("content") is None else message["content"]
    if not isinstance(found, str):
        raise NotWhole("an answer without a text")
    return found


def _count(reply: Mapping[str, Any], name: str) -> int:
    usage = reply.get("usage")
    found = usage.get(name) if isinstance(usage, Mapping) else None
    return found if isinstance(found, int) and found >= 0 else 0


class _Echo(NamedTuple):
    """A prompt's tokens as the server cuts them, the likelihood of each, and that of the likeliest one in its place."""

    tokens: list[str]
    chosen: list[Any]
    best: list[float | None]


def _scored(request: Request, reply: Mapping[str, Any]) -> Answer:
    echo, rolling = _echoed(reply), request.kind == "rolling"
    text = request.text if rolling else request.continuation
    first = _first_of(text, echo.tokens) if rolling else _begin(request, echo.tokens)
    if rolling and first < len(echo.tokens) and echo.chosen[first] is None:
        # Without a first token of the server's own, nothing predicts the text's first one.
        text, first = text[len(echo.tokens[first]) :], first + 1
    pairs = list(zip(echo.chosen[first:], echo.best[first:], strict=True))
    if not pairs or not all(_is_number(mine) and _is_number(best) for mine, best in pairs):
        raise _cannot_score("tokens without a likelihood, or without the likeliest token's")
    return Answer(
        prompt=request.text if rolling else prompt_of(request), tokens=len(pairs), prompt_tokens=first,
        logprob=math.fsum(mine for mine, _ in pairs), greedy=all(mine >= best for mine, best in pairs),
        bytes=len(text.encode()),
    )  # fmt: skip


def _is_number(found: Any) -> bool:
    return isinstance(found, int | float) and math.isfinite(found)


def _echoed(reply: Mapping[str, Any]) -> _Echo:
    told, length = _choice(reply).get("logprobs"), _count(reply, "prompt_tokens")
    if not isinstance(told, Mapping) or not isinstance(told.get("tokens"), list):
        raise _cannot_score("no likelihoods")
    tokens, chosen = told["tokens"], told.get("token_logprobs")
    tops = told.get("top_logprobs") or [None] * len(tokens)
    if not isinstance(chosen, list) or not 0 < length <= len(tokens) == len(chosen) == len(tops):
        raise _cannot_score("likelihoods of other tokens than the prompt's")
    best = [max(each.values(), default=None) if isinstance(each, Mapping) else None for each in tops[:length]]
    return _Echo([_spelled(str(each)) for each in tokens[:length]], chosen[:length], best)


def _spelled(token: str) -> str:
    """A token as it stands in the text; some servers send it as it stands in the vocabulary."""
    return token.replace("\u2581", " ").replace("\u0120", " ").replace("\u010a", "\n")


def _first_of(text: str, tokens: Sequence[str]) -> int:
    """The first token that is of the text: 1 where the server puts a token of its own in front."""
    return 0 if text.startswith((tokens[0], tokens[0].lstrip())) or "\ufffd" in tokens[0] else 1


def _begin(request: Request, tokens: Sequence[str]) -> int:
    """The token with which the continuation begins: found from the end, or where a character is cut up there, from the front.

    Spaces between prompt and continuation belong to the continuation, as everywhere here.
    """
    kept = prompt_of(request).rstrip()
    wanted = prompt_of(request)[len(kept) :] + request.continuation
    at, said = len(tokens), ""
    while at and len(said) < len(wanted):
        at -= 1
        said = tokens[at] + said
    if said.endswith(wanted):
        return at
    at, said = _first_of(kept, tokens), ""
    while at < len(tokens) and len(said) < len(kept):
        said += tokens[at]
        at += 1
    if said != kept:
        raise _cannot_score("tokens that do not spell the text that was sent")
    return at


def _cannot_score(found: str) -> ModelError:
    return ModelError(
        f"the server echoed a text with {found}", "the likelihood of every token of the prompt ('echo' with 'logprobs')",
        "measure the model's folder, or serve it with a server that echoes, such as vLLM",
    )  # fmt: skip
