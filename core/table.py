"""The table of settings: one row per key, and the only list of keys that qtune reads or exports.

A row enters together with what reads it, and tests/core/test_table.py proves that changing the value
changes what happens. `.env.example`, `docs/settings.md` and the typo check are made from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from qtune.core.text import Text

Kind = Literal["bool", "int", "text", "path", "url", "list", "choice"]


@dataclass(frozen=True)
class Setting:
    """A row. `default` is the text one would write in `.env`; "" means not set.

    `aliases` are other spellings that the libraries read too, first one first. `exported` rows reach
    child processes under their own name, because a library there reads them.
    """

    key: str
    kind: Kind
    default: str
    summary: Text
    why: Text
    read_by: tuple[str, ...]
    choices: tuple[str, ...] = ()
    minimum: int = 0
    maximum: int = 86_400  # seconds: a day
    secret: bool = False
    aliases: tuple[str, ...] = ()
    exported: bool = False


_HF = "huggingface_hub"
_MS = "modelscope"

TABLE: tuple[Setting, ...] = (
    # --- what the FAQ speaks of -------------------------------------------------------------------
    Setting(
        "USE_MODELSCOPE", "bool", "True",
        Text("Download from ModelScope first.", "优先从 ModelScope 下载。"),
        Text(
            "Fast in mainland China, and no token is needed for Qwen models. False puts Hugging Face first.",
            "国内速度快，下载 Qwen 系列无需任何 Token。设为 False 则优先使用 Hugging Face。",
        ),
        ("core.sources",),
    ),
    Setting(
        "HF_TOKEN", "text", "",
        Text("Your Hugging Face access token.", "Hugging Face 的访问 Token。"),
        Text(
            "Only needed for gated or private models (LLaMA), and for higher rate limits. "
            "Make one at https://huggingface.co/settings/tokens.",
            "仅在访问门控模型（如 LLaMA）、私有模型，或需要更高限额时需要。"
            "在 https://huggingface.co/settings/tokens 创建。",
        ),
        ("core.credentials", _HF), secret=True, aliases=("HUGGING_FACE_HUB_TOKEN",), exported=True,
    ),
    Setting(
        "DEFAULT_MODEL", "text", "Qwen/Qwen3-4B",
        Text("The model when a command or run config names none.", "命令和配置未指定模型时使用的模型。"),
        Text("A repo id (owner/name) or a local folder.", "仓库 id（owner/name）或本地文件夹。"),
        ("commands.doctor", "commands.download", "core.runconfig"),
    ),
    # --- which hub serves -------------------------------------------------------------------------
    Setting(
        "QTUNE_SOURCES", "list", "",
        Text("The hubs to use, in order.", "按顺序使用的下载源。"),
        Text(
            "modelscope, huggingface, or a mirror's URL, comma separated. Empty: derived from USE_MODELSCOPE.",
            "modelscope、huggingface 或镜像网址，以逗号分隔。留空则由 USE_MODELSCOPE 决定。",
        ),
        ("core.sources",),
    ),
    Setting(
        "QTUNE_FALLBACK", "bool", "True",
        Text("May another hub serve after the first one failed?", "首选下载源失败后，是否允许改用其他源？"),
        Text(
            "False contacts exactly one hub. Another hub only ever serves the same bytes, or an owner "
            "known to be the same.",
            "设为 False 则只访问一个下载源。备用源只会提供哈希一致的文件，或确认同一机构发布的模型。",
        ),
        ("core.sources",),
    ),
    Setting(
        "QTUNE_MIRRORS", "list", "",
        Text("Mirrors of Hugging Face to fall back on.", "可作后备的 Hugging Face 镜像。"),
        Text("URLs, comma separated. A mirror never gets a token.", "网址，以逗号分隔。绝不会向镜像发送 Token。"),
        ("core.sources",),
    ),
    Setting(
        "QTUNE_TRUSTED_HOSTS", "list", "",
        Text("Hosts of your own that may receive your tokens.", "允许接收 Token 的自有主机。"),
        Text(
            "host or host:port, comma separated: a company's hub. It counts only from a place trusted at "
            "least as much as the token's own, so a cloned project's .env cannot send your token away.",
            "host 或 host:port，以逗号分隔，例如公司内部的 hub。其来源的可信度须不低于 Token 的来源，"
            "因此克隆来的项目的 .env 无法把你的 Token 发往别处。",
        ),
        ("core.trust",),
    ),
    # --- Hugging Face -----------------------------------------------------------------------------
    Setting(
        "HF_ENDPOINT", "url", "https://huggingface.co",
        Text("The Hugging Face hub's address.", "Hugging Face 的地址。"),
        Text(
            "A mirror, or a company's hub. The large files may still come from another host.",
            "可填镜像或公司内部的 hub。大文件仍可能来自另一台主机。",
        ),
        ("core.sources", _HF), exported=True,
    ),
    Setting(
        "HF_HOME", "path", "~/.cache/huggingface",
        Text("Where Hugging Face keeps its cache and token.", "Hugging Face 缓存与 Token 所在目录。"),
        Text("Move it to a disk with room for the weights.", "请放到空间足够存放权重的磁盘上。"),
        ("core.locations", _HF), exported=True,
    ),
    Setting(
        "HF_HUB_CACHE", "path", "",
        Text("Where downloaded models lie.", "已下载模型的存放目录。"),
        Text("Empty: HF_HOME/hub.", "留空则为 HF_HOME/hub。"),
        ("core.locations", _HF), aliases=("HUGGINGFACE_HUB_CACHE",), exported=True,
    ),
    Setting(
        "HF_XET_CACHE", "path", "",
        Text("Where the Xet client keeps its chunks and logs.", "Xet 客户端的缓存与日志目录。"),
        Text("Empty: HF_HOME/xet.", "留空则为 HF_HOME/xet。"),
        (_HF,), exported=True,
    ),
    Setting(
        "HF_TOKEN_PATH", "path", "",
        Text("The file that `hf auth login` writes the token to.", "`hf auth login` 写入 Token 的文件。"),
        Text("Empty: HF_HOME/token. Read when HF_TOKEN is not set.", "留空则为 HF_HOME/token。未设置 HF_TOKEN 时读取。"),
        ("core.credentials", _HF), exported=True,
    ),
    Setting(
        "HF_HUB_OFFLINE", "bool", "False",
        Text("Use only what is in the cache.", "只使用缓存中已有的内容。"),
        Text("No request leaves; what is not downloaded yet is an error.", "不发送任何请求；尚未下载的内容会报错。"),
        ("commands.doctor", "core.download", _HF), aliases=("TRANSFORMERS_OFFLINE",), exported=True,
    ),
    Setting(
        "HF_HUB_ETAG_TIMEOUT", "int", "10",
        Text("Seconds to wait for a hub's answer about a file.", "等待下载源返回文件信息的秒数。"),
        Text("Raise it when the hub answers, but slowly.", "如果下载源有响应但很慢，可以调大。"),
        ("core.http", "core.hub", _HF), minimum=1, exported=True,
    ),
    Setting(
        "HF_HUB_DOWNLOAD_TIMEOUT", "int", "10",
        Text("Seconds without a byte before a transfer counts as stalled.", "多少秒收不到数据即视为传输停滞。"),
        Text("A stalled connection is dropped and resumed.", "停滞的连接会被断开并续传。"),
        ("core.http", _HF), minimum=1, exported=True,
    ),
    Setting(
        "HF_HUB_DISABLE_XET", "bool", "False",
        Text("Download by plain HTTPS alone.", "只用普通 HTTPS 下载。"),
        Text(
            "When the Xet hosts are blocked, huggingface_hub is silent for two minutes a file. "
            "qtune tries Xet beside plain HTTPS, and drops it when it is dead or slower.",
            "Xet 主机被屏蔽时，huggingface_hub 每个文件会无声等待两分钟。"
            "qtune 只在普通 HTTPS 之外并行尝试 Xet，没有响应或更慢时即停用。",
        ),
        ("core.download.xet", _HF), exported=True,
    ),
    Setting(
        "HF_XET_HIGH_PERFORMANCE", "bool", "False",
        Text("Let the Xet client use all bandwidth and much memory.", "让 Xet 客户端占满带宽（内存占用也大）。"),
        Text("Only on a fast line with 64 GB of memory or more.", "仅适合高速网络且内存不少于 64 GB 的机器。"),
        ("core.download.xet_run", _HF), exported=True,
    ),
    Setting(
        "HF_HUB_DISABLE_IMPLICIT_TOKEN", "bool", "False",
        Text("Do not send the Hugging Face token unasked.", "不主动发送 Hugging Face 的 Token。"),
        Text("With it on, gated models answer 401.", "开启后访问门控模型会得到 401。"),
        ("core.credentials", _HF), exported=True,
    ),
    Setting(
        "HF_HUB_DISABLE_SYMLINKS", "bool", "False",
        Text("Store files in the snapshot instead of links to blobs.", "快照中存放真实文件而非指向 blob 的链接。"),
        Text("For disks without symbolic links: some NAS, FAT, Windows without developer mode.",
             "用于不支持符号链接的磁盘：部分 NAS、FAT、未开启开发者模式的 Windows。"),
        ("core.download", _HF), exported=True,
    ),
    # --- ModelScope -------------------------------------------------------------------------------
    Setting(
        "MODELSCOPE_ENDPOINT", "url", "https://modelscope.cn",
        Text("ModelScope's address.", "ModelScope 的地址。"),
        Text("https://www.modelscope.ai outside China; accounts there are separate.",
             "海外可用 https://www.modelscope.ai；两站账号互不相通。"),
        ("core.sources", _MS), aliases=("MODELSCOPE_DOMAIN",), exported=True,
    ),
    Setting(
        "MODELSCOPE_API_TOKEN", "text", "",
        Text("Your ModelScope access token.", "ModelScope 的访问 Token。"),
        Text("Only needed for private models: public ones need none.", "仅私有模型需要，公开模型无需任何 Token。"),
        ("core.credentials", _MS), secret=True, exported=True,
    ),
    Setting(
        "MODELSCOPE_CACHE", "path", "~/.cache/modelscope",
        Text("Where ModelScope's own client keeps models.", "ModelScope 客户端自己的模型目录。"),
        Text("qtune stores models in the Hugging Face cache whichever hub they came from. What lies here is not "
             "fetched again, and what ModelScope listed is linked here for its client to find.",
             "无论来自哪个下载源，qtune 都把模型存放在 Hugging Face 缓存中。这里已有的文件不会重复下载；"
             "清单来自 ModelScope 的模型会在这里建立链接，供其客户端使用。"),
        ("core.locations", _MS), exported=True,
    ),
    # --- the road ---------------------------------------------------------------------------------
    Setting(
        "HTTP_PROXY", "text", "",
        Text("Proxy for http:// addresses.", "访问 http:// 地址所用的代理。"),
        Text("http://host:port or socks5h://host:port.", "http://主机:端口 或 socks5h://主机:端口。"),
        ("core.proxy", _HF, _MS), secret=True, aliases=("http_proxy",), exported=True,
    ),
    Setting(
        "HTTPS_PROXY", "text", "",
        Text("Proxy for https:// addresses.", "访问 https:// 地址所用的代理。"),
        Text("Usually the same http:// address as HTTP_PROXY.", "通常与 HTTP_PROXY 填同一个 http:// 地址。"),
        ("core.proxy", _HF, _MS), secret=True, aliases=("https_proxy",), exported=True,
    ),
    Setting(
        "ALL_PROXY", "text", "",
        Text("Proxy for whatever has none of its own.", "未单独设置代理的协议使用的代理。"),
        Text("HTTP_PROXY and HTTPS_PROXY come first.", "HTTP_PROXY 与 HTTPS_PROXY 优先。"),
        ("core.proxy", _HF, _MS), secret=True, aliases=("all_proxy",), exported=True,
    ),
    Setting(
        "NO_PROXY", "list", "",
        Text("Hosts to reach without the proxy.", "不经代理直连的主机。"),
        Text("Names match their subdomains too; * means all.", "域名同时匹配其子域名；* 表示全部。"),
        ("core.proxy", _HF, _MS), aliases=("no_proxy",), exported=True,
    ),
    Setting(
        "SSL_CERT_FILE", "path", "",
        Text("The CA certificates to trust (PEM).", "要信任的 CA 证书文件（PEM）。"),
        Text("A company's proxy that opens TLS needs its CA here. Empty: the system's store.",
             "公司代理会解密 TLS 时，把它的 CA 填在这里。留空则使用系统证书。"),
        ("core.http", _HF), exported=True,
    ),
    Setting(
        "REQUESTS_CA_BUNDLE", "path", "",
        Text("The same for ModelScope's client and other users of `requests`.",
             "作用同上，供 ModelScope 客户端等使用 `requests` 的程序读取。"),
        Text("huggingface_hub ignores it, ModelScope ignores SSL_CERT_FILE: set both.",
             "huggingface_hub 不读它，ModelScope 不读 SSL_CERT_FILE：两个都要设。"),
        (_MS,), aliases=("CURL_CA_BUNDLE",), exported=True,
    ),
    Setting(
        "QTUNE_CONNECTIONS", "text", "auto",
        Text("How many connections a download may use.", "下载最多使用的连接数。"),
        Text("auto, or a number.", "auto 或一个数字。"),
        ("core.download",),
    ),
    Setting(
        "QTUNE_IP_FAMILY", "choice", "auto",
        Text("Use IPv4 or IPv6 only.", "只使用 IPv4 或 IPv6。"),
        Text("4 when IPv6 is announced but leads nowhere.", "IPv6 有地址但不通时设为 4。"),
        ("core.http",), choices=("auto", "4", "6"),
    ),
    # --- training ---------------------------------------------------------------------------------
    Setting(
        "CUDA_VISIBLE_DEVICES", "text", "",
        Text("Which GPUs the training may see.", "训练可见的 GPU。"),
        Text("Numbers, or UUIDs as nvidia-smi -L shows them (GPU-…, MIG-…), comma separated.",
             "编号，或 nvidia-smi -L 显示的 UUID（GPU-…、MIG-…），以逗号分隔。"),
        ("torch",), exported=True,
    ),
    Setting(
        "PYTORCH_ALLOC_CONF", "text", "",
        Text("Options of torch's GPU memory allocator.", "torch 显存分配器的选项。"),
        Text("expandable_segments:True wastes less on long sequences.",
             "expandable_segments:True 可减少长序列下的显存碎片。"),
        ("torch",), exported=True,
    ),
    Setting(
        "NCCL_P2P_DISABLE", "bool", "False",
        Text("Keep several GPUs from talking to each other directly.", "禁止多块 GPU 之间直接通信。"),
        Text("For consumer cards on which multi-GPU training hangs.", "用于多卡训练会卡死的消费级显卡。"),
        ("torch",), exported=True,
    ),
    Setting(
        "QTUNE_DEVICE", "choice", "auto",
        Text("Where to train.", "在哪里训练。"),
        Text("auto takes a CUDA GPU when torch sees one.", "auto：torch 能看到 CUDA GPU 时就用它。"),
        ("train",), choices=("auto", "cuda", "mps", "cpu"),
    ),
    Setting(
        "QTUNE_DTYPE", "choice", "auto",
        Text("The number format of the weights.", "权重的数值格式。"),
        Text("auto: bfloat16 where the device computes in it, else float32.",
             "auto：设备真正支持 bfloat16 时用它，否则用 float32。"),
        ("train",), choices=("auto", "bfloat16", "float16", "float32"),
    ),
    Setting(
        "QTUNE_OUTPUT_DIR", "path", "runs",
        Text("Where runs are written when the config names no output_dir.",
             "配置未写 output_dir 时，训练结果的存放目录。"),
        Text("A folder named after the config is made in it.", "会在其中以配置文件名建立文件夹。"),
        ("core.runconfig",),
    ),
    Setting(
        "QTUNE_LANG", "choice", "auto",
        Text("The language qtune speaks.", "qtune 使用的语言。"),
        Text("auto follows the system's language.", "auto：跟随系统语言。"),
        ("core.text",), choices=("auto", "en", "zh"),
    ),
)  # fmt: skip

BY_KEY: dict[str, Setting] = {row.key: row for row in TABLE}
BY_NAME: dict[str, Setting] = {name: row for row in TABLE for name in (row.key, *row.aliases)}
