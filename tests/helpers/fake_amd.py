"""AMD SMI in memory: the real library's calls, dictionaries, words for "no value" and exceptions (version 7.0)."""

from types import SimpleNamespace

NOT_SUPPORTED, NO_PERM, DRIVER_NOT_LOADED = 2, 10, 34
STEP_UJ = 15.259


class AmdSmiException(Exception): ...


class AmdSmiLibraryException(AmdSmiException):
    def __init__(self, err_code):
        super().__init__(err_code)
        self.err_code = err_code

    def __str__(self):
        return f"Error code:\n\t{self.err_code} | AMDSMI_STATUS - as the library says it"


class FakeCard:
    """An MI210 whose counter rises by ``counter_w`` on the clock of its library, beside its average power [W].

    faults: call -> code of the error that it raises.
    """

    def __init__(
        self, name="AMD Instinct MI210", bus_id="0000:c1:00.0", hip_id=None, counter_w=0.0, **faults
    ):
        self.name, self.bus_id, self.hip_id, self.faults = name, bus_id, hip_id, faults
        self.uuid = f"{bus_id[5:7]}ff740f-0000-1000-80aa-{bus_id.replace(':', '').replace('.', ''):0>12}"
        self.counter_w, self.count, self.resolution_uj = counter_w, 1_000_000, STEP_UJ
        self.power = {"average_socket_power": 90, "current_socket_power": "N/A"}
        self.key = "energy_accumulator"


class FakeAmd(SimpleNamespace):
    def __init__(self, *cards, clock=lambda: 0.0, **faults):
        super().__init__(AmdSmiException=AmdSmiException, AmdSmiLibraryException=AmdSmiLibraryException)
        self.cards, self.faults, self.opened, self.clock = cards, faults, 0, clock

    def _ask(self, call, card, value):
        error = (card.faults if card else self.faults).get(call)
        if error is not None:
            raise error if isinstance(error, Exception) else AmdSmiLibraryException(error)
        return value

    def amdsmi_init(self):
        self._ask("amdsmi_init", None, None)
        self.opened += 1

    def amdsmi_get_processor_handles(self):
        return self._ask("amdsmi_get_processor_handles", None, list(self.cards))

    def amdsmi_get_gpu_asic_info(self, card):
        return {"market_name": card.name, "vendor_id": "0x1002", "vendor_name": "Advanced Micro Devices Inc."}

    def amdsmi_get_gpu_device_uuid(self, card):
        return card.uuid

    def amdsmi_get_gpu_device_bdf(self, card):
        return card.bus_id

    def amdsmi_get_gpu_enumeration_info(self, card):
        if card.hip_id is None:
            raise AmdSmiLibraryException(NOT_SUPPORTED)
        return {"drm_render": 128, "drm_card": 0, "hsa_id": 1, "hip_id": card.hip_id, "hip_uuid": "GPU-0"}

    def amdsmi_get_energy_count(self, card):
        count = card.count + round(card.counter_w * self.clock() * 1e6 / card.resolution_uj)
        answer = {card.key: count, "counter_resolution": card.resolution_uj, "timestamp": 1}
        return self._ask("amdsmi_get_energy_count", card, answer)

    def amdsmi_get_power_info(self, card):
        powers = {"socket_power": "N/A", "gfx_voltage": 806, "power_limit": 300_000_000, **card.power}
        return self._ask("amdsmi_get_power_info", card, powers)
