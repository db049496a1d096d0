"""What several pages about tokens say in the same words."""

from __future__ import annotations

from qtune.doctor.rules.words import prose

GET_A_TOKEN = prose(
    """
    Make a token on Hugging Face:

    1. Open https://huggingface.co/settings/tokens and click "New token".
    2. Choose "Read": it is enough for every download, gated models included. "Write" is only for uploading.
    3. Copy it. It begins with `hf_`; the site shows it once.
    4. Put it into `.env`, without quotes and without spaces:

    ```
    HF_TOKEN=hf_...
    ```
    """,
    """
    在 Hugging Face 创建 Token：

    1. 打开 https://huggingface.co/settings/tokens ，点击 "New token"。
    2. 选择 "Read" 权限：下载任何模型（包括门控模型）都够用。只有上传时才需要 "Write"。
    3. 复制 Token。它以 `hf_` 开头，网站只显示一次。
    4. 写入 `.env`，不加引号、不留空格：

    ```
    HF_TOKEN=hf_...
    ```
    """,
)

OR_MODELSCOPE = prose(
    """
    For Qwen models you need no token at all: they are public on both hubs. In mainland China ModelScope is
    usually the faster one:

    ```
    USE_MODELSCOPE=True
    ```
    """,
    """
    Qwen 系列在两个平台上都是公开模型，根本不需要 Token。国内用户通常用 ModelScope 更快：

    ```
    USE_MODELSCOPE=True
    ```
    """,
)

WHICH_COUNTS = prose(
    """
    The first of these that holds a token counts: an option of the command, the environment variable
    `HF_TOKEN` (or its older name `HUGGING_FACE_HUB_TOKEN`), your own qtune config, the project's `.env`, the
    file that `hf auth login` wrote. `qtune env` shows every setting with the place it came from.
    """,
    """
    按以下顺序，第一个有值的 Token 生效：命令行选项、环境变量 `HF_TOKEN`（或旧名 `HUGGING_FACE_HUB_TOKEN`）、
    你自己的 qtune 配置、项目的 `.env`、`hf auth login` 写下的文件。运行 `qtune env` 可以看到每项设置来自哪
    里。
    """,
)

TAKE_AWAY = prose(
    """
    To take a token away, remove it where it stands:

    - in `.env`: delete the line, or leave it empty (`HF_TOKEN=`);
    - in the environment: `unset HF_TOKEN`, and delete the `export` line in `~/.bashrc` or `~/.zshrc`
      (Windows: "Edit environment variables for your account");
    - in the file of `hf auth login`: `hf auth logout`.
    """,
    """
    要去掉一个 Token，请在它所在的地方删除：

    - 在 `.env` 中：删除该行，或留空（`HF_TOKEN=`）；
    - 在环境变量中：执行 `unset HF_TOKEN`，并删除 `~/.bashrc` 或 `~/.zshrc` 里的 `export` 行（Windows：“编辑账
      户的环境变量”）；
    - 在 `hf auth login` 的文件中：执行 `hf auth logout`。
    """,
)

VERIFY = prose(
    "Run `qtune doctor` again. `hf auth whoami` (for ModelScope: `modelscope whoami`) names the account.",
    "重新运行 `qtune doctor`。也可用 `hf auth whoami`（ModelScope 用 `modelscope whoami`）查看当前账号。",
)

MASKED = prose(
    """
    qtune only keeps a mask (`hf_…wxyz`) and a fingerprint of a token; the token itself is in no report, and
    it is sent to no host but the hub's own and those in `QTUNE_TRUSTED_HOSTS`.
    """,
    """
    qtune 只保留 Token 的掩码（`hf_…wxyz`）和指纹，任何报告里都没有 Token 本身；它也只会发往该平台的官方主机以
    及 `QTUNE_TRUSTED_HOSTS` 中列出的主机。
    """,
)

TOKEN_DOCS = "https://huggingface.co/docs/hub/security-tokens"
