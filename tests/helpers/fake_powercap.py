"""A tree of files like the kernel's powercap."""

RANGE_UJ = 262_143_328_850


def zone(root, folder, name, energy_uj=0, range_uj=RANGE_UJ):
    path = root / folder
    path.mkdir(parents=True)
    (path / "name").write_text(name + "\n")
    (path / "energy_uj").write_text(f"{energy_uj}\n")
    (path / "max_energy_range_uj").write_text(f"{range_uj}\n")
    return path / "energy_uj"
