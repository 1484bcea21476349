"""Stand-ins for Lightning's and Hugging Face's trainers: they call a callback's hooks in the real order.

A test compares the order with that of the real libraries where they are installed.
"""

from types import SimpleNamespace

# One epoch of two batches with a validation of one batch at its end. Hooks of batches and of checkpoints are left out.
FIT_BEGIN = [
    "setup",
    "on_fit_start",
    "on_sanity_check_start",
    "on_validation_start",
    "on_validation_epoch_start",
    "on_validation_epoch_end",
    "on_validation_end",
    "on_sanity_check_end",
    "on_train_start",
]
EPOCH = [
    "on_train_epoch_start",
    "on_validation_start",
    "on_validation_epoch_start",
    "on_validation_epoch_end",
    "on_validation_end",
    "on_train_epoch_end",
]
FIT_END = ["on_train_end", "on_fit_end", "teardown"]
VALIDATE = [
    "setup",
    "on_validation_start",
    "on_validation_epoch_start",
    "on_validation_epoch_end",
    "on_validation_end",
    "teardown",
]
TEST = ["setup", "on_test_start", "on_test_epoch_start", "on_test_epoch_end", "on_test_end", "teardown"]
PREDICT = [name.replace("_test_", "_predict_") for name in TEST]


class LightningTrainer:
    """metrics: what ``callback_metrics`` holds at the end of each epoch, by epoch. fails_in: epoch that raises."""

    def __init__(self, callback, metrics=lambda epoch: {}, *, world_size=1, local_rank=0, fails_in=None):
        self._callback = callback
        self._metrics = metrics
        self._fails_in = fails_in
        self.world_size = world_size
        self.local_rank = self.global_rank = local_rank
        self.node_rank = 0
        self.current_epoch = 0
        self.sanity_checking = False
        self.callback_metrics = {}
        self.state = SimpleNamespace(fn=None)

    def _call(self, hook, *words):
        found = getattr(self._callback, hook, None)
        if found is not None:
            found(self, None, *words)

    def _all(self, hooks, stage):
        for hook in hooks:
            self.sanity_checking = "sanity" in hook or (self.sanity_checking and "validation" in hook)
            if hook == "on_sanity_check_end":
                self.sanity_checking = False
            self._call(hook, *([stage] if hook in ("setup", "teardown") else []))

    def fit(self, epochs):
        self.state.fn = SimpleNamespace(value="fit")
        try:
            self._all(FIT_BEGIN, "fit")
            for self.current_epoch in range(epochs):
                for hook in EPOCH:
                    if hook == "on_validation_start" and self.current_epoch == self._fails_in:
                        raise ValueError("bad batch")
                    if hook == "on_train_epoch_end":
                        self.callback_metrics = self._metrics(self.current_epoch)
                    self._call(hook)
            self._all(FIT_END, "fit")
        except BaseException as error:
            self._call("on_exception", error)
            self._call("teardown", "fit")
            raise

    def validate(self):
        self.state.fn = SimpleNamespace(value="validate")
        self._all(VALIDATE, "validate")

    def test(self):
        self.state.fn = SimpleNamespace(value="test")
        self._all(TEST, "test")

    def predict(self):
        self.state.fn = SimpleNamespace(value="predict")
        self._all(PREDICT, "predict")


class HuggingFaceTrainer:
    """Logs and evaluates at the end of each epoch, or with ``steps`` every second step of four.

    fails_in: the epoch in which a step raises, which the trainer tells no callback.
    """

    def __init__(self, callback, *, steps=False, world_size=1, rank=0, fails_in=None):
        self._callback = callback
        self._steps = steps
        self._fails_in = fails_in
        self.args = SimpleNamespace(world_size=world_size, local_process_index=rank, process_index=rank)
        self.state = SimpleNamespace(epoch=0, global_step=0)
        self.control = SimpleNamespace(should_log=False, should_evaluate=False)

    def _call(self, event, **others):
        getattr(self._callback, event, lambda *_, **__: None)(
            self.args, self.state, self.control, model=None, **others
        )

    def train(self, epochs):
        self._call("on_train_begin")
        for epoch in range(epochs):
            self._call("on_epoch_begin")
            for step in range(4):
                self._call("on_step_begin")
                if epoch == self._fails_in:
                    raise ValueError("bad batch")
                self.state.global_step += 1
                self.state.epoch = epoch + (step + 1) / 4
                self._over("on_step_end", self._steps and step % 2 == 1, epoch)
            self._over("on_epoch_end", not self._steps, epoch)
        self._call("on_log", logs={"train_runtime": 1.0, "epoch": float(epochs)})
        self._call("on_train_end")

    def _over(self, event, due, epoch):
        self.control.should_log = self.control.should_evaluate = due
        self._call(event)
        if not due:
            return
        self._call("on_log", logs={"loss": 1.0 / (epoch + 1), "epoch": self.state.epoch})
        self.control.should_log = False
        self._call("on_prediction_step")
        self._call("on_log", logs={"eval_loss": 2.0, "epoch": self.state.epoch})
        self._call("on_evaluate", metrics={"eval_loss": 2.0, "epoch": self.state.epoch})
        self.control.should_evaluate = False
