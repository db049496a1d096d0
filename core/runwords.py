"""Which words a field takes: of those its library knows, the ones a run config may use, and why not the others."""

from __future__ import annotations

from qtune.core.text import Text

FORMATS = (
    "auto", "messages", "sharegpt", "alpaca", "prompt-completion", "text", "preference", "kto",
)  # fmt: skip
METHODS = ("sft", "pt", "dpo", "kto", "reward")
TUNINGS = ("lora", "qlora", "dora", "full")
PACKINGS = ("auto", "true", "false")
DISTRIBUTED = ("ddp", "fsdp")
ATTENTIONS = ("auto", "sdpa", "flash_attention_2", "eager")
HUBS = ("hf", "modelscope")
REPORTERS = ("none", "tensorboard", "wandb", "swanlab", "trackio")
AUTO = frozenset({("training", "per_device_train_batch_size")})  # fields that also take `auto`

# Fields of words whose schema does not list them.
CHOICES = {
    ("training", "report_to"): REPORTERS,
    ("dpo", "loss_type"): (
        "sigmoid", "hinge", "ipo", "exo_pair", "nca_pair", "robust", "bco_pair", "sppo_hard", "aot",
        "aot_unpaired", "apo_zero", "apo_down", "discopop", "sft", "sigmoid_norm",
    ),
    ("dpo", "f_divergence_type"): (
        "reverse_kl", "forward_kl", "js_divergence", "alpha_divergence",
    ),
    ("kto", "loss_type"): ("kto", "apo_zero_unpaired"),
}  # fmt: skip

_TARGETS = Text(
    "it is GaLore or APOLLO, which need packages of their own and which qtune has not been tried with",
    "它属于 GaLore 或 APOLLO，需要额外的软件包，qtune 没有验证过",
)
_OTHER_DEVICE = Text("qtune trains on cuda, mps or cpu", "qtune 只在 cuda、mps 或 cpu 上训练")
# Values that a field's library knows and a run does not take: (section, field, word) -> why.
REFUSED_WORDS = {
    **{
        ("training", "optim", name): _TARGETS
        for name in (
            "galore_adamw",
            "galore_adamw_8bit",
            "galore_adafactor",
            "galore_adamw_layerwise",
            "galore_adamw_8bit_layerwise",
            "galore_adafactor_layerwise",
            "apollo_adamw",
            "apollo_adamw_layerwise",
        )
    },
    ("training", "optim", "adamw_torch_npu_fused"): _OTHER_DEVICE,
    ("training", "optim", "adamw_torch_xla"): _OTHER_DEVICE,
    ("training", "train_sampling_strategy", "batch_rebalance"): Text(
        "qtune draws the batches itself: random, sequential or group_by_length",
        "批次由 qtune 自己安排：可选 random、sequential 或 group_by_length",
    ),
}

# Ways to initialise LoRA that leave the base weights as they are: the saved adapter fits the model it
# names, in whatever program loads it.
PLAIN_INIT = ("gaussian", "orthogonal", "mica")
_FIRST = Text(
    "it needs a pass over the data before training, which qtune does not make",
    "它要求训练前先过一遍数据，qtune 不做这一步",
)
OTHER_INIT = Text(
    "it changes the base weights, and the saved adapter fits no other copy of the model",
    "它会改动基座权重，保存的适配器无法用在原来的模型上",
)


def init_refused(word: str) -> Text | None:
    """Why `init_lora_weights: word` is not taken."""
    if word in PLAIN_INIT:
        return None
    return _FIRST if word in ("eva", "corda") else OTHER_INIT
