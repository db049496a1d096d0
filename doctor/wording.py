"""qtune's own words in `Stage.detail` and `Unknown.detail`, in both languages; what others said stays as it is.

Facts keep one plain English sentence, so that they read the same wherever they were saved.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from qtune.core.text import Text

_TIME = r"(?:within (?P<seconds>\d+) s|in time)"
# {…} are the named groups; `more` is a sentence of its own, `said` somebody else's words.
_OURS: Mapping[str, str] = {
    # the road
    rf"no name server answered {_TIME}": "{time}没有 DNS 服务器响应",
    r"(?P<a>\S+) has no address of this family": "{a} 没有这个协议族的地址",
    r"(?P<a>\S+) has no IPv(?P<b>\d) address, only (?P<c>.+)": "{a} 没有 IPv{b} 地址，只有 {c}",
    r"(?P<a>\S+) is said to be at (?P<b>.+)": "{a} 的解析结果是 {b}",
    r"(?P<a>\S+): no answer(?P<more>; .+)?": "{a}：没有响应{more}",
    rf"no answer {_TIME}": "{time}没有响应",
    r"it hung up without an answer": "对方没有响应就挂断了",
    rf"no handshake {_TIME}": "{time}没有完成握手",
    r"the connection was cut during the handshake": "握手时连接被切断",
    r"the answer is not encrypted": "响应没有加密",
    r"the network wants you to sign in first \(511\)": "网络要求先登录（511）",
    r"it answered (?P<a>\d+)": "返回了 {a}",
    r"it answered (?P<a>\d+) with a web page": "返回了 {a} 和一个网页",
    r"it answered (?P<a>\d+) with a web page: something on the way blocks": (
        "返回了 {a} 和一个网页：途中有设备拦截"
    ),
    r"it answered (?P<a>\d+) with (?P<b>\S+), where a hub answers with JSON": (
        "返回了 {a}（{b}），而下载源返回的应是 JSON"
    ),
    r"it sends every request on to (?P<a>.*)": "把所有请求都转到 {a}",
    r"the answer's head has no end": "响应头没有结尾",
    r"it ends in the middle": "响应中途断开",
    r"the answer is not HTTP": "响应不是 HTTP",
    # proxies
    r"(?P<a>\S+) is no proxy address that can be used: its (?P<part>scheme|port|host) is wrong": (
        "{a} 不是可用的代理地址：{part}有误"
    ),
    r"(?P<a>\S+) does not speak as a proxy: (?P<more>.+)": "{a} 不是代理：{more}",
    r"the proxy's own certificate is not trusted: (?P<said>.+)": "代理自身的证书不受信任：{said}",
    rf"no handshake with (?P<a>\S+) {_TIME}": "{time}没有与 {a} 完成握手",
    r"(?P<a>\S+) does not answer in TLS: the address should begin with http://": (
        "{a} 不使用 TLS：地址应以 http:// 开头"
    ),
    r"the proxy (?P<a>\S+) wants a password(?: \(407\))?": "代理 {a} 需要密码",
    r"the proxy (?P<a>\S+) does not accept the user and password(?: given)?(?: \(407\))?": (
        "代理 {a} 不接受给出的用户名和密码"
    ),
    r"(?P<a>\S+) answered (?P<b>\d+) to CONNECT, as no proxy does": (
        "{a} 对 CONNECT 返回 {b}，代理不会这样响应"
    ),
    r"the proxy (?P<a>\S+) answered (?P<b>\d+) to CONNECT (?P<c>\S+)": (
        "代理 {a} 对 CONNECT {c} 返回了 {b}"
    ),
    r"(?P<a>\S+) does not speak SOCKS5": "{a} 不支持 SOCKS5",
    r"the proxy (?P<a>\S+) could not reach (?P<b>\S+): (?P<said>.+)": (
        "代理 {a} 无法连接 {b}：{said}"
    ),
    rf"the proxy (?P<a>\S+) gave no answer {_TIME}": "代理 {a} {time}没有响应",
    r"the proxy (?P<a>\S+) hung up": "代理 {a} 挂断了连接",
    # why a check could not be made
    r"timed out after (?P<a>\d+) s": "{a} 秒后超时",
    r"no time was left of (?P<a>\d+) s": "{a} 秒的总时限已用完",
    r"(?P<a>\S+) is not an address": "{a} 不是网址",
    r"(?P<a>\S+) sends to an address that is none": "{a} 把请求转到了无效的网址",
    r"(?P<a>\S+) has no files at (?P<b>\S+)": "{a} 的 {b} 版本里没有文件",
    r"(?P<a>\S+) is empty": "{a} 是空文件",
    r"the files are not known": "还不知道有哪些文件",
    r"the model is a folder": "模型是本地文件夹",
    r"the first site works": "首选站点正常",
    r"ModelScope's own sites alone have another one": "只有 ModelScope 官方站点有另一个站点",
    r"git took longer than (?P<a>\S+) s": "git 超过 {a} 秒没有完成",
    r"other hubs were measured for (?P<a>\d+) s": "等待其他下载源测速超过 {a} 秒",
    r"no byte within (?P<a>\d+) s": "{a} 秒内没有收到任何数据",
    r"(?P<a>\S+) \(.+\) names a SOCKS proxy, and the package socksio is not installed, .+": (
        "{a} 是 SOCKS 代理，但没有安装所需的 socksio 包"
    ),
    r"no token": "没有 Token",
    r"no client goes to this mirror by itself": "没有客户端会自行访问这个镜像",
    r"(?P<a>\S+) is not installed": "未安装 {a}",
    r"Xet is Hugging Face's": "Xet 是 Hugging Face 的机制",
    r"HF_HUB_DISABLE_XET is on": "HF_HUB_DISABLE_XET 已开启",
    r"(?P<a>\S+)(?: \(.+\))? names (?P<b>.+), which holds no CA certificate that can be read": (
        "{a} 指向 {b}，其中没有可读取的 CA 证书"
    ),
    r"a mirror is never sent a token": "从不向镜像发送 Token",
    r"HF_HUB_DISABLE_IMPLICIT_TOKEN is on": "HF_HUB_DISABLE_IMPLICIT_TOKEN 已开启",
    r"the value cannot be sent as a token": "这个值无法作为 Token 发送",
    r"the token may not go to (?P<a>\S+)": "Token 不能发往 {a}",
    r"a pull request from a fork has no secrets": "来自 fork 的 pull request 拿不到密钥",
    # the bare reason, where a check said no more
    r"timeout": "超时",
    r"refused": "被拒绝",
    r"limited": "请求过多",
    r"dns": "域名解析失败",
    r"tls": "TLS 失败",
    r"proxy": "代理不可用",
    r"http": "没有可用的响应",
    r"absent": "不存在",
    # the machine
    r"(?P<a>.+) is a file, not a folder": "{a} 是文件，不是文件夹",
    r"nvidia-smi gave no answer within (?P<a>\d+) s": "nvidia-smi 在 {a} 秒内没有响应",
    r"nvidia-smi ended with status (?P<a>\d+)": "nvidia-smi 以状态码 {a} 退出",
    r"nvidia-smi gave an answer that makes no sense": "nvidia-smi 的输出无法理解",
    r"NVML gave no answer within (?P<a>\d+) s": "NVML 在 {a} 秒内没有响应",
    r"NVML gave an answer that makes no sense": "NVML 的回答无法理解",
    r"NVML crashed \((?P<a>\S+)\)": "NVML 崩溃（{a}）",
    r"the computation crashed \((?P<a>[^)]+)\)(?:: (?P<said>.+))?": "计算崩溃（{a}）：{said}",
    r"the computation ended with status (?P<a>\d+)(?:: (?P<said>.+))?": "计算以状态码 {a} 退出：{said}",
    r"the library is incomplete: (?P<said>.+)": "NVML 库不完整：{said}",
    r"importing (?P<a>.+) took longer than (?P<b>\d+) s": "导入 {a} 超过 {b} 秒",
    r"this system does not say how much memory there is": "系统没有说明有多少内存",
    r"import torch took longer than (?P<a>\d+) s": "import torch 超过 {a} 秒",
    # errors of core.http and core.hub, where a check had to give up
    r"(?P<a>\S+): the name cannot be resolved(?P<rest>.*)": "{a}：域名无法解析{rest}",
    r"(?P<a>\S+): no connection could be made(?P<rest>.*)": "{a}：无法建立连接{rest}",
    r"(?P<a>\S+): the certificate is not trusted(?P<rest>.*)": "{a}：证书不受信任{rest}",
    r"(?P<a>\S+): the proxy did not let the request through(?P<rest>.*)": (
        "{a}：代理未放行请求{rest}"
    ),
    r"(?P<a>\S+): it did not answer in time(?P<rest>.*)": "{a}：未在限定时间内响应{rest}",
    r"(?P<a>\S+): the connection broke(?P<rest>.*)": "{a}：连接中断{rest}",
    r"(?P<a>\S+): no complete answer within (?P<b>\d+) s": "{a}：{b} 秒内没有完整响应",
    r"(?P<a>.+) asks to wait(?: for (?P<b>\d+) s)?: too many requests \(429\)": (
        "{a} 要求等待：请求过多（429）"
    ),
    r"(?P<a>.+) has a fault of its own: status (?P<b>\d+)": "{a} 自身出错：状态码 {b}",
    r"(?P<a>.+) gave an answer that makes no sense: (?P<said>.+)": "{a} 的响应无法理解：{said}",
    r"(?P<a>.+) serves nothing itself: it sends every request on to (?P<b>\S+)": (
        "{a} 自己不提供文件，只把请求转给 {b}"
    ),
    r"(?P<a>.+) refused (?P<b>\S+) with status (?P<c>\d+)(?P<rest>.*)": (
        "{a} 拒绝了 {b}，状态码 {c}{rest}"
    ),
    r"(?P<a>.+) answered with a web page that is not the hub's": "{a} 返回的是网页",
}


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Compiled when the first sentence is to be told: most reports in English need none."""
    return tuple((re.compile(pattern), chinese) for pattern, chinese in _OURS.items())


_PARTS = {"scheme": "协议名", "port": "端口", "host": "主机名"}


def in_both(words: str) -> Text:
    """`words` as they are, and in Chinese where they are ours; another's words come in quotes there."""
    return ours(words) or Text(words, f"原话：“{words}”" if words else "")


def ours(words: str) -> Text | None:
    """The same, or None where `words` are no sentence of ours."""
    chinese = _chinese(words)
    return None if chinese is None else Text(words, chinese)


def _chinese(words: str) -> str | None:
    for pattern, chinese in _patterns():
        match = pattern.fullmatch(words)
        if match is None:
            continue
        found = {name: value or "" for name, value in match.groupdict().items()}
        seconds = found.get("seconds")
        found["time"] = f"{seconds} 秒内" if seconds else "限定时间内"
        found["part"] = _PARTS.get(found.get("part", ""), "")
        found["said"] = f"“{found.get('said', '')}”"
        found["more"] = _chinese(found.get("more", "")) or found.get("more", "")
        return chinese.format(**found)
    return None
