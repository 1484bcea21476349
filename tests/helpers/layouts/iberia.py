"""Portugal's load diagrams (UCI) and the curves of Spanish meters (Datadis and the distributors' CNMC format)."""

import numpy as np
import pandas as pd

from layouts.truth import EUROPE, Layout, at_step, comma, ends, lines, readings, wall

MADRID = "Europe/Madrid"


def uci() -> Layout:
    """ElectricityLoadDiagrams20112014 (UCI): quarter hours in kW, `;`, decimal commas, first column without a name.

    The data set's page: "All time labels report to Portuguese hour. However all days present 96 measures. Every year in
    March time change day the values between 1:00 am and 2:00 am are zero for all points. Every year in October time
    change day the values between 1:00 am and 2:00 am aggregate the consumption of two hours." Its first label is
    2011-01-01 00:15: labels are ends.
    """
    fine = readings("Europe/Lisbon", EUROPE, 15, ["MT_001", "MT_002", "MT_003"], 40)
    shown = fine.groupby(wall(fine.index, "Europe/Lisbon")).sum()
    skipped = pd.date_range("2021-03-28 01:00", "2021-03-28 01:45", freq="15min")
    shown = pd.concat([shown, pd.DataFrame(0.0, index=skipped, columns=fine.columns)]).sort_index()
    rows = [";" + ";".join(f'"{node}"' for node in fine)]
    for start, row in shown.iterrows():
        end = start + pd.Timedelta(minutes=15)
        rows.append(f'"{end:%Y-%m-%d %H:%M:%S}";' + ";".join(comma(value, 6) for value in row))
    truth = fine.copy()
    # The sum of both hours says nothing about either.
    truth.loc["2021-10-31 00:00":"2021-10-31 01:45"] = np.nan
    files = {"uci/LD2011_2014.txt": lines(rows)}
    return Layout("UCI ElectricityLoadDiagrams", files, at_step(truth, 15, "mean"), "kWh", "Europe/Lisbon")


def _madrid() -> pd.DataFrame:
    fine = readings(MADRID, EUROPE, 60, ["ES0021000000000001AA", "ES0021000000000002BB"], 0.5)
    fine.iloc[30, 1] = np.nan
    return fine


def datadis() -> Layout:
    """Datadis: `cups;fecha;hora;consumo_kWh;metodoObtencion`, hours as ends from 01:00 to 24:00, decimal commas.

    Public readers of such files turn `24:00` into the next midnight. The autumn hour comes twice, in order.
    """
    fine = _madrid()
    rows = ["cups;fecha;hora;consumo_kWh;metodoObtencion"]
    for node in fine:
        for end, value in zip(ends(wall(fine.index, MADRID), 60), fine[node], strict=True):
            day = end - pd.Timedelta(minutes=1)
            hour = "24:00" if end.hour == 0 else f"{end:%H:%M}"
            text = "" if np.isnan(value) else comma(value)
            rows.append(f"{node};{day:%Y/%m/%d};{hour};{text};Real")
    return Layout("Datadis", {"datadis/consumo.csv": lines(rows)}, fine, "kWh", MADRID)


def cnmc() -> Layout:
    """Distributors' hourly curve: `CUPS;Fecha;Hora;AE_kWh;REAL/ESTIMADO`; hours 1 to 24, or 23 and 25 at clock changes.

    Public readers of e-distribución's files say: hour 1 is 00:00 to 01:00, `R` is real and `E` estimated.
    """
    fine = _madrid()
    local = wall(fine.index, MADRID)
    rows = ["CUPS;Fecha;Hora;AE_kWh;REAL/ESTIMADO"]
    for node in fine:
        number = pd.Series(1, index=fine.index).groupby(local.normalize()).cumsum()
        for day, hour, value in zip(local, number, fine[node], strict=True):
            text = "" if np.isnan(value) else comma(value)
            rows.append(f"{node};{day:%d/%m/%Y};{hour};{text};R")
    return Layout(
        "Spanish distributors (CNMC)", {"cnmc/curvas.csv": lines(rows, "\r\n")}, fine, "kWh", MADRID
    )
