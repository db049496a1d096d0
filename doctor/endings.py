"""One sentence for each way in which a stage of the road can fail."""

from __future__ import annotations

from qtune.core.amounts import duration
from qtune.core.text import Text
from qtune.doctor.facts import Reach, Stage

_GENERAL: dict[str, Text] = {
    "dns": Text("its name cannot be resolved", "域名无法解析"),
    "tcp": Text("no connection can be made", "无法建立连接"),
    "proxy_dns": Text("the proxy's name cannot be resolved", "代理的域名无法解析"),
    "proxy_tcp": Text("the proxy cannot be reached", "无法连接到代理"),
    "connect": Text("the proxy does not let the connection through", "代理未放行该连接"),
    "tls": Text("the TLS handshake fails", "TLS 握手失败"),
    "http": Text("it gives no usable answer", "没有得到可用的响应"),
}


def ending(reach: Reach, stage: Stage) -> Text:
    """How the road ended, with the numbers and names that prove it."""
    time = _time(stage.took_ms)
    ip = ", ".join(reach.addresses) or reach.host
    issuer = Text(
        f" by “{reach.issuer}”" if reach.issuer else "",
        f"由“{reach.issuer}”签发，" if reach.issuer else "",
    )
    proxy = reach.proxy.url if reach.proxy else ""
    known = {
        ("dns", "nxdomain"): Text(
            "its name cannot be resolved: DNS says it does not exist",
            "域名无法解析：DNS 返回该域名不存在",
        ),
        ("dns", "no_family"): Text(
            "its name has no address of the family that QTUNE_IP_FAMILY asks for",
            "域名没有 QTUNE_IP_FAMILY 所要求的那种地址",
        ),
        ("dns", "temporary"): Text(
            f"its name cannot be resolved: no DNS server answered within {time.en}",
            f"域名无法解析：{time.zh}内没有 DNS 服务器响应",
        ),
        ("dns", "blocked"): Text(
            f"its name is blocked: it resolves to {ip}, which leads nowhere",
            f"域名被屏蔽：解析结果为 {ip}，这是一个无效地址",
        ),
        ("tcp", "refused"): Text(
            f"{ip} refuses the connection on port {reach.port}",
            f"{ip} 拒绝了 {reach.port} 端口的连接",
        ),
        ("tcp", "timeout"): Text(
            f"{ip} did not answer on port {reach.port} within {time.en}",
            f"{ip} 的 {reach.port} 端口在 {time.zh}内没有响应",
        ),
        ("tcp", "reset"): Text(
            f"the connection to {ip} was cut at once", f"到 {ip} 的连接立即被切断"
        ),
        ("tcp", "unreachable"): Text(f"there is no route to {ip}", f"没有通往 {ip} 的网络路由"),
        ("proxy_dns", "scheme"): Text(
            "the proxy's address begins with a scheme that no client knows",
            "代理地址以客户端不支持的协议名开头",
        ),
        ("proxy_dns", "port"): Text(
            "the proxy's address has a port that is none", "代理地址的端口无效"
        ),
        ("proxy_dns", "host"): Text("the proxy's address names no host", "代理地址缺少主机名"),
        ("proxy_tcp", "refused"): Text(
            f"nothing listens at the proxy's address {proxy}", f"代理地址 {proxy} 没有程序在监听"
        ),
        ("proxy_tcp", "timeout"): Text(
            f"the proxy {proxy} did not answer within {time.en}",
            f"代理 {proxy} 在 {time.zh}内没有响应",
        ),
        ("connect", "auth"): Text(
            f"the proxy {proxy} asks for a user name and a password (407)",
            f"代理 {proxy} 要求提供用户名和密码（407）",
        ),
        ("connect", "denied"): Text(
            f"the proxy {proxy} opens no connection to {reach.host}",
            f"代理 {proxy} 没有接通 {reach.host}",
        ),
        ("connect", "timeout"): Text(
            f"the proxy {proxy} took the request for {reach.host} and was silent for {time.en}",
            f"代理 {proxy} 收到对 {reach.host} 的请求后 {time.zh}没有响应",
        ),
        ("connect", "reset"): Text(
            f"the proxy {proxy} cut the connection to {reach.host}",
            f"代理 {proxy} 切断了到 {reach.host} 的连接",
        ),
        ("connect", "not_a_proxy"): Text(
            f"what answers at {proxy} is not a proxy of that kind",
            f"{proxy} 上响应的程序不是这种类型的代理",
        ),
        ("tls", "untrusted"): Text(
            f"its certificate is issued{issuer.en or ' by somebody'}, whom this machine does not trust: "
            "something in between opens TLS, or a CA is missing",
            f"证书{issuer.zh}不受本机信任：中间有设备在解密 TLS，或本机缺少相应的 CA",
        ),
        ("tls", "self_signed"): Text(
            f"its certificate is self-signed{issuer.en}", f"证书{issuer.zh}属于自签名，不受信任"
        ),
        ("tls", "expired"): Text(
            "its certificate counts as expired: it is, or this machine's clock is ahead",
            "证书已过期，或者本机时钟偏快",
        ),
        ("tls", "not_yet"): Text(
            "its certificate counts as not yet valid: this machine's clock is probably behind",
            "证书尚未生效，多半是本机时钟偏慢",
        ),
        ("tls", "hostname"): Text(
            "it shows the certificate of another host: a sign-in page or a hijacked name",
            "对方出示的是其他主机的证书：可能是网络登录页，或域名被劫持",
        ),
        ("tls", "plaintext"): Text(
            f"port {reach.port} answers in plain text where TLS was expected",
            f"{reach.port} 端口返回的是明文，而不是 TLS",
        ),
        ("tls", "reset"): Text(
            f"the connection is cut during the TLS handshake, after {time.en}: the name is being filtered",
            f"TLS 握手进行 {time.zh}后连接被切断，多半是域名被过滤",
        ),
        ("tls", "timeout"): Text(
            f"the TLS handshake was not answered within {time.en}",
            f"TLS 握手在 {time.zh}内没有响应",
        ),
        ("http", "portal"): Text(
            "a web page answers instead of the hub", "返回的是网页，而不是下载源的响应"
        ),
        ("http", "not_a_hub"): Text(
            "something answers that is not a hub", "有程序响应，但它不是模型下载源"
        ),
        ("http", "timeout"): Text(
            f"it takes the connection and then sends nothing for {time.en}",
            f"接受连接后 {time.zh}没有返回任何数据",
        ),
        ("http", "reset"): Text(
            "it cuts the connection instead of answering", "没有响应就切断了连接"
        ),
        ("http", "status"): _status(reach),
    }
    return known.get((stage.name, stage.kind), _GENERAL[stage.name])


def _status(reach: Reach) -> Text:
    if reach.status is not None and reach.status < 500:
        return Text(
            f"something on the way blocks it, with status {reach.status}",
            f"途中被拦截，状态码 {reach.status}",
        )
    return Text(
        f"it answers with status {reach.status}: a fault of its own",
        f"返回状态码 {reach.status}，是服务器自身的故障",
    )


def _time(ms: int) -> Text:
    return duration(ms / 1000) if ms >= 1000 else Text(f"{ms} ms", f"{ms} 毫秒")
