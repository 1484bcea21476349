"""What the recorded data say about the final paper, as numbers: cited, or computed from a folder of its files."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from wattshed.law.operations.operation import Kind
from wattshed.law.published.parameters import FLOPS_PER_TFLOP, V_MAX_2080_IN_FILES
from wattshed.law.published.reproducing.row import Basis


@dataclass(frozen=True)
class Fit:
    """R2 of efficiencies under the own row of parameters and under the exchanged one."""

    own_r2: float
    exchanged_r2: float


@dataclass(frozen=True)
class LstmSteps:
    """The LSTM steps of the A100 that both released files hold, and those that only the file of efficiencies holds.

    all_steps, kept_steps: how many, and how many of them are in the file of energies; all_r2, kept_r2: of least squares
    on the durations, fitted to each; beyond_share: of the steps that are not in the file of energies, the share that
    errs by more than any kept one, by the fit to the kept ones. The defaults are those of the released files.
    """

    basis: Basis = Basis.CITED
    all_steps: int = 4900
    kept_steps: int = 741
    all_r2: float = 0.413
    kept_r2: float = 0.954
    beyond_share: float = 0.949


@dataclass(frozen=True)
class Evidence:
    """Numbers behind the rows that formulas alone cannot decide; the defaults are cited, see the comments.

    fits: by device and operation, of QKV and output projection; kept_r2, kept_mae_j: of the published regression on the
    kept points, one value or the ends of several; unselected_*: on all points, which the released notebook prints
    (Energy_Modeling, cells 10 to 12); correlation: of the durations of scores and attention output;
    projections_correlation: of QKV and output projection; output_unit: duration of the attention output in the file's
    unit against that of the scores; explained_share: mean share of the step's time that the four operations take;
    power_w, power_spread_w: of energy over time; file_kwh: mean energy of a step in the column that says kWh;
    step_kwh: the same by the column in joules, None where it is not known; peak_2080_tflops: in the file;
    lstm_intercept_j: of the regression on raw durations; lstm_mean_j: mean energy of its training part; one_law_error:
    largest deviation of the file's efficiencies from one law for all four operations; lstm_steps: with their own basis,
    since their file may lack.
    """

    basis: Basis = Basis.CITED
    fits: Mapping[tuple[str, Kind], Fit] = field(
        default_factory=lambda: {
            ("A100", Kind.QKV): Fit(0.786, 0.943),
            ("A100", Kind.OUTPUT_PROJECTION): Fit(0.777, 0.976),
            ("RTX 2080 Ti", Kind.QKV): Fit(0.824, 0.888),
            ("RTX 2080 Ti", Kind.OUTPUT_PROJECTION): Fit(0.907, 0.966),
        }
    )
    # The notebook's own runs of the kept points; the smaller file gives one value between them.
    kept_r2: tuple[float, ...] = (0.9415, 0.959)
    kept_points: int = 33_770
    all_points: int = 97_851
    unselected_r2: float = 0.5665
    unselected_training_r2: float = 0.5622
    unselected_mae_j: float = 22.65
    correlation: float = 1.0
    projections_correlation: float = 0.998
    output_unit: float = 1e-6
    explained_share: float = 0.062
    power_w: float = 96.6
    power_spread_w: float = 5.9
    file_kwh: float = 1.108
    step_kwh: float | None = None
    peak_2080_tflops: float = V_MAX_2080_IN_FILES / FLOPS_PER_TFLOP
    lstm_intercept_j: float = 23409.5
    lstm_mean_j: float = 3368.3
    one_law_error: float = 0.001
    lstm_steps: LstmSteps = LstmSteps()

    @property
    def kept_share(self) -> float:
        return self.kept_points / self.all_points
