"""The `insights` command. Exit status: 0 done, 1 a failure the message explains, 2 wrong use."""

from __future__ import annotations

import logging
import sys

import typer

from insights import __version__
from insights.cli import coverage, look, maintain, run, serve, simulate, verify, why
from insights.cli.demo.command import demo
from insights.cli.output import Output, shown
from insights.errors import TrailInsightsError

app = typer.Typer(
    name="insights",
    help="CloudTrail Insights that you own: unusual API activity, learnt from your own trail bucket.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("simulate")(simulate.simulate)
app.command("run")(run.run)
app.command("list")(look.list_insights)
app.command("show")(look.show)
app.command("why")(why.why)
app.command("counts")(look.counts)
app.command("coverage")(coverage.coverage)
app.command("quality")(look.quality)
app.command("verify")(verify.verify)
app.command("maintain")(maintain.maintain)
app.command("serve")(serve.serve)
app.command("demo")(demo)


@app.callback(invoke_without_command=True)
def _options(version: bool = typer.Option(False, "--version", help="Print the version and stop.")) -> None:
    if version:
        typer.echo(f"trail-insights {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        app()
    except TrailInsightsError as error:
        # On one line, however long: paths and URLs are to be copied out of it.
        Output().notes.print(f"error: {shown(error)}", style="red", markup=False, soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
