"""`qtune lsp --help`: the server itself is started by qtune.serve, before click is imported."""

from __future__ import annotations

import click

from qtune.speech import say


@click.command(
    "lsp",
    help=say(
        "The language server, on stdin and stdout: editors start it. docs/editors.md shows how.",
        "语言服务器，使用标准输入和输出，由编辑器启动。配置方法见 docs/editors.zh.md。",
    ),
)
@click.option(
    "--stdio", is_flag=True, help=say("The default, and the only way.", "默认且唯一的通信方式。")
)
def command(stdio: bool) -> int:
    from qtune.serve import main

    main()
