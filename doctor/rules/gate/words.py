"""What several pages about access say in the same words."""

from __future__ import annotations

from qtune.doctor.rules.words import prose

REAL_FILE = prose(
    """
    qtune asks the hub's `auth-check` and then for a real file of the model, as a download would. The model's
    description alone proves nothing: the hub shows it to everybody, also for a gated model.
    """,
    """
    qtune 先请求平台的 `auth-check`，再像真正下载那样请求模型的一个文件。只看模型简介说明不了问题：门控模型的
    简介对所有人都可见。
    """,
)

ACCEPT = prose(
    """
    1. Log in to https://huggingface.co with the account that the token belongs to.
    2. Open the model's page and accept its licence (for some models, fill in the form).
    3. Some models open at once; for others the authors decide, which takes hours or days.
    """,
    """
    1. 用该 Token 所属的账号登录 https://huggingface.co 。
    2. 打开模型页面，同意许可协议（部分模型需要填写申请表）。
    3. 有些模型立即开放；有些需要作者审核，可能要几小时到几天。
    """,
)

OPEN_MODELS = prose(
    """
    Models that need no permission at all: every Qwen3 model, on Hugging Face and on ModelScope.

    ```
    DEFAULT_MODEL=Qwen/Qwen3-4B
    ```
    """,
    """
    完全不需要授权的模型：所有 Qwen3 模型，Hugging Face 和 ModelScope 上都有。

    ```
    DEFAULT_MODEL=Qwen/Qwen3-4B
    ```
    """,
)

VERIFY = prose(
    """
    ```bash
    qtune doctor owner/name
    ```

    Put your model for `owner/name`; the finding is gone.
    """,
    """
    ```bash
    qtune doctor owner/name
    ```

    把 `owner/name` 换成你的模型；这条问题应当消失。
    """,
)

GATED_DOCS = "https://huggingface.co/docs/hub/models-gated"
