"""The commands as typer has them: what each takes and what its help says. What they do stands in the modules beside."""

import os
from pathlib import Path
from typing import Annotated

import typer

from netspectra.errors import SettingsError


def examples(*lines: str) -> str:
    """The end of a help text, whose lines typer leaves as they are."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


app = typer.Typer(
    name="netspectra",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Every figure, number and claim of five documents on neural representations, and the same lenses on a network "
    "of your own.\n\nResults go to stdout, progress to stderr; --json gives every result to a program. "
    "What goes wrong ends in Error: and Remedy:.",
    epilog=examples(
        "netspectra lens torchvision.models:resnet18 --data photos/ --out lens/",
        "netspectra reproduce && netspectra verdicts",
    ),
)

ProjectFolder = Annotated[Path, typer.Option("--project", help="Folder of the project.", show_default="here")]
Scale = Annotated[
    str | None,
    typer.Option("--scale", help="Scale: sample, paper, evening, smoke.", show_default="params.yaml's"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Say it as JSON.")]
All = Annotated[bool, typer.Option("--all", "-a", help="List everything, not only what asks for attention.")]
HERE = Path()


@app.command(
    epilog=examples(
        "netspectra reproduce                       # at the scale of params.yaml",
        "netspectra reproduce --scale smoke         # does everything run? a few minutes",
        "netspectra reproduce -n                    # what would run",
        "netspectra reproduce --cores 1 -- figures/sample/cca_datapoints.png",
    ),
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
)
def reproduce(
    context: typer.Context, project: ProjectFolder = HERE, scale: Scale = None, as_json: AsJson = False
) -> int:
    """Make every figure, verdict and the page, or what of them is not made yet.

    Thin over Snakemake: what is not an option below is handed to it.
    """
    from netspectra.commands import project as projects
    from netspectra.commands import reproduce as command

    return command.run(projects.enter(project, scale), context.args, as_json=as_json)


@app.command(
    epilog=examples(
        "netspectra status",
        "netspectra status --all                    # when each job was last made, and what it took",
        "netspectra status --json | jq -r '.jobs[] | select(.why) | .name + \": \" + .why'",
    )
)
def status(project: ProjectFolder = HERE, scale: Scale = None, everything: All = False, as_json: AsJson = False) -> int:
    """What is done, what would run, and why.

    From Snakemake's dry run and the records of every job; nothing is made. Takes as long as Snakemake takes to look at
    all files, some ten seconds.
    """
    from netspectra.commands import project as projects
    from netspectra.commands import status as command

    return command.run(projects.enter(project, scale), as_json=as_json, everything=everything)


@app.command(
    epilog=examples(
        "netspectra explain align_node_dropout",
        "netspectra explain cca_datapoints --scale paper --json | jq .command",
    )
)
def explain(
    figure: Annotated[str, typer.Argument(help="Name of a figure, as its file and the page have it.")],
    project: ProjectFolder = HERE,
    scale: Scale = None,
    as_json: AsJson = False,
) -> int:
    """One figure: its claims and verdicts, inputs, settings, code, the command that makes it, its last result."""
    from netspectra.commands import explain as command
    from netspectra.commands import project as projects

    return command.run(projects.enter(project, scale), figure, as_json=as_json)


@app.command(
    epilog=examples(
        "netspectra verdicts                        # counts, and what is not plainly reproduced",
        "netspectra verdicts --against HEAD~1       # lost, gained, newly undecided",
        "netspectra verdicts --json | jq '.claims[] | select(.verdict == \"undecided\") | .id'",
    )
)
def verdicts(
    project: ProjectFolder = HERE,
    scale: Scale = None,
    against: Annotated[str | None, typer.Option(metavar="REV", help="A revision of git to compare with.")] = None,
    everything: All = False,
    as_json: AsJson = False,
) -> int:
    """What every claim of the documents came to in the last run.

    Exit status 1 where something that was reproduced at REV is so no more, and lost.txt does not say why.
    """
    from netspectra.commands import project as projects
    from netspectra.commands import verdicts as command

    return command.run(projects.enter(project, scale), against=against, as_json=as_json, everything=everything)


@app.command(
    epilog=examples(
        "netspectra settle",
        "netspectra settle --limit 20 --scale paper",
    )
)
def settle(
    project: ProjectFolder = HERE,
    scale: Scale = None,
    limit: Annotated[int, typer.Option(min=1, help="Greatest number of networks that may be trained.")] = 100,
    as_json: AsJson = False,
) -> int:
    """How many networks, and minutes, would decide each undecided claim, and which number of params.yaml to raise."""
    from netspectra.commands import project as projects
    from netspectra.commands.verdicts import run_settle

    return run_settle(projects.enter(project, scale), limit=limit, as_json=as_json)


Floats = Annotated[str | None, typer.Option(metavar="A,B,C", help="One number per channel, of pixels in [0, 1].")]


@app.command(
    epilog=examples(
        "netspectra lens torchvision.models:resnet18 --weights w.safetensors --data photos/ --side 224",
        "netspectra lens torchvision.models:resnet18 --weights w.safetensors --against other.safetensors --data x.npz",
        "netspectra lens mymodels:make --argument width=64 --data x.npz --layers 'block3.*' --lens spectra",
        "netspectra lens torchvision.models:vit_b_16 --data torchvision:CIFAR10:data --side 224 --count 500",
    )
)
def lens(
    model: Annotated[str, typer.Argument(help="package.module:function that makes it; looked for here as well.")],
    data: Annotated[
        str,
        typer.Option(help="Folder with a folder of pictures per class, .npz with x and y, torchvision:NAME:FOLDER."),
    ],
    weights: Annotated[
        Path | None, typer.Option(help="Its state, .safetensors.", show_default="as the function makes them")
    ] = None,
    against: Annotated[
        list[str] | None, typer.Option(help="Compare with: other weights of it, or another function. Repeatable.")
    ] = None,
    argument: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="Of the function. Repeatable.")
    ] = None,
    layers: Annotated[list[str] | None, typer.Option(help="Pattern of layers' names. Repeatable.")] = None,
    lens: Annotated[list[str] | None, typer.Option(help="One lens. Repeatable.", show_default="all")] = None,
    out: Annotated[Path, typer.Option(help="Folder for numbers, figures and the page.")] = Path("lens"),
    count: Annotated[int | None, typer.Option(min=1, help="The first so many samples.", show_default="all")] = None,
    side: Annotated[int | None, typer.Option(min=1, help="Pixels of the square cut from each picture.")] = None,
    mean: Floats = None,
    std: Floats = None,
    batch: Annotated[int, typer.Option(min=1, help="Samples in a batch.")] = 100,
    split: Annotated[str, typer.Option(help="Of a set of torchvision's.")] = "test",
    null: Annotated[int, typer.Option(min=0, help="Permutations of the null distribution.")] = 200,
    memory: Annotated[str, typer.Option(help="Above the model.")] = "4GB",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, mps.")] = "auto",
    as_json: AsJson = False,
) -> int:
    """Your own network under every lens that applies: numbers, figures and one page.

    Labels are the classes of the folder, or y; without labels the lenses of accuracy are named as skipped. Weights are
    read from safetensors only, and held against the network's names and shapes; nothing is unpickled.
    """
    # Before PyTorch is loaded: threads that spin while they wait steal the cores from all others.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    from netspectra.commands import lens as command
    from netspectra.own.samples import Preparation

    asked = command.Asked(
        model=model,
        weights=weights,
        arguments=argument or [],
        against=against or [],
        data=data,
        split=split,
        count=count,
        batch=batch,
        layers=layers or [],
        lenses=lens or [],
        null=null,
        memory=memory,
        device=device,
    )
    prepared = Preparation(side, *(numbers(text, name) for text, name in ((mean, "--mean"), (std, "--std"))))
    return command.run(asked, prepared, out, as_json=as_json)


def numbers(text: str | None, name: str) -> list[float] | None:
    """Numbers between commas; None where nothing is said.

    Raises:
        SettingsError: They are none.
    """
    try:
        return None if text is None else [float(part) for part in text.split(",")]
    except ValueError:
        raise SettingsError(
            f"{name}: found {text!r}, wanted numbers between commas", f"{name} 0.485,0.456,0.406"
        ) from None
