"""Lines of power logs as nvidia-smi and dcgmi dmon write them."""

import pandas as pd

SMI_HEADER = (
    "timestamp, index, name, power.draw [W], temperature.gpu, utilization.gpu [%], clocks.current.sm [MHz]\n"
)
NAME = "NVIDIA A100-SXM4-40GB, Rev A"
MARKS = "run_id,frequency_mhz,start,end\n1_01,1410,1,3\n2_01,1110,5,9\n"


def smi_line(seconds, watts="100.00 W", index=0, name=NAME, busy="98 %", clock="1410 MHz"):
    stamp = pd.Timestamp("2026-03-01 12:00:00") + pd.Timedelta(seconds=seconds)
    return f"{stamp:%Y/%m/%d %H:%M:%S}.{stamp.microsecond // 1000:03d}, {index}, {name}, {watts}, 41, {busy}, {clock}\n"


def smi_log(until=10, **keys):
    return SMI_HEADER + "".join(smi_line(half / 2, **keys) for half in range(2 * until + 1))


def dcgm_log(power=lambda row: "100.000", counter=lambda row: f"{row * 5000}", rows=21, gpus=1, tail=""):
    header = "#Entity   NVIDX   DVNAM                  POWER    TOTEC     TMPTR  GPUTL  SMCLK  SMACT  DRAMA\n"
    units = "ID                                        W        mJ        C             MHz\n"
    lines = []
    for row in range(rows):
        if row % 5 == 0:
            lines += [header, units]
        lines += [
            f"GPU {gpu}     {gpu}       NVIDIA A100-SXM4-40GB  {power(row)}  {counter(row)}  41     98     1410   "
            "0.91   0.30\n"
            for gpu in range(gpus)
        ]
    return "".join(lines) + tail
