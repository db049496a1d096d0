"""Why what was trained cannot be talked to, measured, merged or published."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.train.causes.cause import Cause

CAUSES = {
    "TRN100": Cause(
        "nothing-trained",
        Text(
            "There is no trained model in this folder.",
            "这个文件夹里没有训练好的模型。",
        ),
        Text(
            "Name the output_dir of a finished run (qtune run prints it).",
            "请给出已完成训练的 output_dir（qtune run 结束时会打印）。",
        ),
    ),
    "TRN101": Cause(
        "base-missing",
        Text(
            "The base model that the adapter was trained on cannot be found.",
            "找不到训练这个适配器时所用的基座模型。",
        ),
        Text(
            "Name it: --base owner/name, or --base FOLDER.",
            "请用 --base owner/name 或 --base 文件夹 指定。",
        ),
    ),
    "TRN102": Cause(
        "adapter-unfit",
        Text(
            "The adapter does not fit on the base model.",
            "适配器与基座模型不匹配。",
        ),
        Text(
            "Take the base model that it was trained on.",
            "请使用训练时的那个基座模型。",
        ),
    ),
    "TRN103": Cause(
        "model-process-died",
        Text(
            "The process that holds the model ended without saying why.",
            "载入模型的进程没有说明原因就退出了。",
        ),
        Text(
            "Signal 9 usually means that memory ran out: close other programs, or use a machine "
            "with more. Else read its last lines above.",
            "信号 9 多半是内存不足：请关闭其他程序，或换内存更大的机器。否则请看上面的最后几行输出。",
        ),
    ),
    "TRN104": Cause(
        "model-does-not-write",
        Text(
            "This model gives scores and writes no answers.",
            "这个模型只打分，不会生成回答。",
        ),
        Text(
            "Take a run of another method (sft, pt, dpo, kto).",
            "请使用其他方法（sft、pt、dpo、kto）训练的结果。",
        ),
    ),
    "TRN105": Cause(
        "nothing-held-out",
        Text(
            "The run kept no data out of training, so there is nothing to measure it on.",
            "训练时没有留出评估数据，无从评估。",
        ),
        Text(
            "Name a file that the model was not trained on: qtune eval RUN_DIR FILE",
            "请给出模型没有训练过的文件：qtune eval RUN_DIR FILE",
        ),
    ),
    "TRN106": Cause(
        "export-in-the-way",
        Text(
            "The folder to export to is not empty.",
            "导出的目标文件夹不是空的。",
        ),
        Text("Name another folder, or remove this one.", "请换一个文件夹，或先删除它。"),
    ),
    "TRN107": Cause(
        "export-differs",
        Text(
            "The merged model does not answer as the adapter does; it was not kept.",
            "合并后的模型与适配器的输出不一致，已丢弃。",
        ),
        Text(
            "Merge with more precision: qtune export RUN_DIR --dtype float32",
            "请用更高的精度合并：qtune export RUN_DIR --dtype float32",
        ),
    ),
    "TRN108": Cause(
        "export-no-room",
        Text(
            "The merged model would not fit on the disk.",
            "磁盘放不下合并后的模型。",
        ),
        Text(
            "Free some space, or name a folder on another disk: qtune export RUN_DIR OUT",
            "请清理磁盘，或导出到另一块磁盘：qtune export RUN_DIR OUT",
        ),
    ),
    "TRN109": Cause(
        "nothing-merged",
        Text(
            "There is no merged model to push.",
            "没有可以上传的合并模型。",
        ),
        Text("First run: qtune export RUN_DIR", "请先运行：qtune export RUN_DIR"),
    ),
    "TRN110": Cause(
        "base-not-named",
        Text(
            "The adapter was trained on a model of this machine, which nobody else can load.",
            "适配器是在本机的一个模型上训练的，别人无法加载。",
        ),
        Text(
            "Push the whole model: qtune export RUN_DIR, then qtune push RUN_DIR --merged …",
            "请上传完整模型：先运行 qtune export RUN_DIR，再运行 qtune push RUN_DIR --merged …",
        ),
    ),
    "TRN111": Cause(
        "weights-damaged",
        Text(
            "A file of the weights is not whole.",
            "权重文件不完整。",
        ),
        Text(
            "Run qtune run or qtune export again.",
            "请重新运行 qtune run 或 qtune export。",
        ),
    ),
}
