"""Set checkpoints, models, adapters or finished runs against one baseline, rule by rule."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import click

from harness.channels.wording.comparing import located
from harness.cli.gate import trusted
from harness.cli.terminal import COLOURS, JSON, RUNS, TRUST, Progress
from harness.cli.terminal.matrix import WORDS, told
from harness.comparison.arms import in_order
from harness.comparison.breaks import Search, search, standing
from harness.comparison.matrix import column
from harness.comparison.whole import Policy, compare
from harness.errors import UsageError
from harness.lineup import Lineup
from harness.plugins import suggestion
from harness.policy import read_policy
from harness.store import write_atomic
from harness.types import Outcome, Rule


@click.command("compare")
@click.argument("arms", nargs=-1, required=True, metavar="BASELINE CANDIDATE...")
@click.option("--rules", type=click.Path(path_type=Path, dir_okay=False),
              help="Run file whose gates decide and whose suites are asked; needed where an arm is a model.")  # fmt: skip
@click.option("--policy", "sources", multiple=True, metavar="NAME|FILE",
              help="Policy that holds besides the run file's gates, or in place of a finished run's; repeatable.")  # fmt: skip
@click.option("--own-baselines", is_flag=True,
              help="Every argument is a finished run, decided against the baseline that it measured itself.")  # fmt: skip
@click.option("--prefer", metavar="METRIC", help="Metric that decides among the allowed candidates.")
@click.option("--pareto", metavar="METRIC,METRIC...", help="Metrics of the Pareto front.")
@click.option("--first-fail", metavar="METRIC|RULE",
              help="Only find where this rule is first failed, asking about log2 of the candidates.")  # fmt: skip
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write the comparison as a page.")
@TRUST
@RUNS
@JSON
def command(
    arms: tuple[str, ...], rules: Path | None, sources: tuple[str, ...], own_baselines: bool, prefer: str | None,
    pareto: str | None, first_fail: str | None, html: Path | None, trust: tuple[Path, ...], runs: Path, as_json: bool,
) -> int:  # fmt: skip
    """Compare each CANDIDATE with BASELINE by the gate's rules, and the candidates with each other.

    An arm is the folder of a finished run, whose candidate is meant and of which nothing is asked; or a model to be
    asked: a folder, an adapter on the run file's base, a Hugging Face id, or 'demo'; or a file of arms, each a model with
    what is put into its prompts: ARMS.yaml stands for all of them, ARMS.yaml#NAME for one. Answers are kept: what was
    asked before is not asked again. Exits 0 whatever the verdicts are.
    """
    policies = [read_policy(each, Path.cwd()) for each in sources]
    # No key may lie in the folder of any run.
    vouching = [trusted(trust, Path(each)) for each in arms]
    lineup = Lineup(arms, rules, runs, Progress(), own_baselines, policies, vouching[0])
    count = len(lineup.entrants)
    if count < 2 and not own_baselines:
        raise UsageError(f"only '{arms[0]}' was named", "a baseline and at least one candidate")
    if first_fail:
        if own_baselines or prefer or pareto or html:
            raise UsageError(
                "--first-fail asks only some candidates", "no --own-baselines, --prefer, --pareto or --html beside it"
            )
        return _search(lineup, first_fail, as_json)
    first = 0 if own_baselines else 1
    baselines = [lineup.own_baseline(at) for at in range(count)] if own_baselines else lineup.arm(0)
    candidates = [lineup.arm(at) for at in range(first, count)]
    chosen = [name.strip() for name in (pareto or "").split(",") if name.strip()]
    found = compare(lineup.policy(first), baselines, candidates, prefer=prefer, pareto=chosen)
    view = import_module("reports.compare")
    if html is not None:
        write_atomic(html, view.render_comparison(found))
    click.echo(json.dumps(view.document(found), indent=1) if as_json else "\n".join(told(found)))
    return 0


def _search(lineup: Lineup, wanted: str, as_json: bool) -> int:
    """Asks only what a search by halving needs."""
    planned = next((each.source for each in lineup.entrants[1:] if each.plan), None)
    if planned:
        raise UsageError(f"'{planned}' is an arm of a file, and those stand in no order", "checkpoints of one training")
    policy = lineup.policy(1)
    rules = _wanted(policy, wanted)
    suites = tuple(dict.fromkeys(suite for rule in rules for suite in rule.suites))
    places, _ = in_order([lineup.step(at) for at in range(1, len(lineup.entrants))])
    baseline = lineup.arm(0, suites)

    def ask(at: int) -> tuple[Outcome, str]:
        return standing(column(rules, policy.data_suites, lineup.arm(places[at] + 1, suites), baseline))

    itself = standing(column(rules, policy.data_suites, baseline, baseline))[0]
    found = search(rules, [lineup.names[place + 1] for place in places], itself, ask)
    click.echo(found.model_dump_json(indent=1) if as_json else "\n".join(_told(found)))
    return 0


def _wanted(policy: Policy, wanted: str) -> tuple[Rule, ...]:
    """The rules that are meant: one by its text, or all of a metric."""
    about_models = [rule for rule in policy.rules if rule.suite not in policy.data_suites]
    found = tuple(rule for rule in about_models if wanted in (rule.metric, rule.text()))
    if not found:
        known = dict.fromkeys(name for rule in about_models for name in (rule.metric, rule.text()))
        raise UsageError(f"no rule on a model is about '{wanted}'", suggestion(wanted, known))
    return found


def _told(found: Search) -> Sequence[str]:
    rules = " and ".join(rule.text() for rule in found.rules)
    asked = [
        f"  {click.style(WORDS[each.outcome].ljust(5), fg=COLOURS[each.outcome])} {each.name}: {each.reason}"
        for each in found.asked
    ]
    return [f"Searching where '{rules}' is first failed, in this order:", *asked, *located(found)]
