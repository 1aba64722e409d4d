"""Convert the typical years inside the builelib wheel to the catalogue's compact file.

    pip download builelib==2.3.4 --no-deps --python-version 3.12 --only-binary :all:
    python scripts/convert_typical_weather.py builelib-2.3.4-py3-none-any.whl

Writes `hours.npz` and `wind_model.csv` next to `src/kiban/catalogue/typical/stations.csv`, which is kept by
hand and checked here: the coordinates of each station must reproduce the solar altitude that its file
tabulates. The hours are the file's own numbers, as whole counts; nothing is resampled or corrected.

What the wheel holds (builelib/climate/climatedata):

* `N.csv`, cp932, two header lines, 8760 rows from 1 January 1:00 to 31 December 24:00: outdoor
  temperature in degrees Celsius, direct normal and diffuse horizontal irradiation in MJ/m2 of an hour,
  solar altitude and azimuth at the full hour. N is the number of the Expanded AMeDAS station.
* `N8195.has`, the HASP format: for each day seven lines of 24 three-digit numbers, the last digit of the
  line telling the quantity: 1 temperature (500 + 10 t), 2 humidity ratio (0.1 g/kg), 3 direct normal and
  4 diffuse horizontal irradiation (kcal/m2 of an hour), 5 longwave loss, 6 wind direction (16 points),
  7 wind speed (0.1 m/s).
* `59-A4`, `59-A5`, `819-A1`, `819-A2`: copies of 59 and 819 with the irradiation scaled by 1.1, 1.2, 0.8
  and 0.9 for a solar region without a station. They hold no observation and are left out.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

from kiban.calendar import HOURS_PER_YEAR
from kiban.weather.synthetic_wind import fit_wind_shape, values_of_shape

FOLDER = "builelib/climate/climatedata/"
TARGET = Path(__file__).parents[1] / "src" / "kiban" / "catalogue" / "typical"
SCALED_COPIES = {"59-A4.csv", "59-A5.csv", "819-A1.csv", "819-A2.csv"}
COORDINATE_TOLERANCE_DEG = 0.02
HASP_QUANTITIES = {"1": "temperature", "2": "humidity", "3": "dni", "4": "dhi", "7": "wind"}


def read_csv(data: bytes) -> dict[str, np.ndarray]:
    """Columns of an `N.csv` as whole counts (0.1 degree Celsius, 0.01 MJ/m2) and the solar altitude."""
    lines = data.split(b"\n")[2 : 2 + HOURS_PER_YEAR]
    table = np.array([[float(cell) for cell in line.split(b",")[:4]] for line in lines])
    return {
        "temperature": counts(table[:, 0], 10.0),
        "dni": counts(table[:, 1], 100.0),
        "dhi": counts(table[:, 2], 100.0),
        "altitude": table[:, 3],
    }


def read_hasp(data: bytes) -> dict[str, np.ndarray]:
    """Quantities of an `N8195.has` as whole counts."""
    days: dict[str, list[list[int]]] = {name: [] for name in HASP_QUANTITIES.values()}
    for line in data.decode("ascii").splitlines():
        name = HASP_QUANTITIES.get(line[-1:])
        if name:
            days[name].append([int(line[3 * hour : 3 * hour + 3]) for hour in range(24)])
    columns = {name: np.array(rows, dtype=np.int64).reshape(-1) for name, rows in days.items()}
    columns["temperature"] = columns["temperature"] - 500
    for name, column in columns.items():
        if column.shape != (HOURS_PER_YEAR,):
            sys.exit(f"{name} has {len(column)} hours instead of {HOURS_PER_YEAR}")
    return columns


def counts(values: np.ndarray, per_unit: float) -> np.ndarray:
    """Values as whole counts; stops where a value has more digits than that."""
    scaled = np.round(values * per_unit)
    if np.abs(scaled - values * per_unit).max() > 1e-6:
        sys.exit("a value has more digits than expected")
    return scaled.astype(np.int64)


def fitted_coordinates(altitude_deg: np.ndarray, near: tuple[float, float]) -> tuple[float, float]:
    """Latitude and longitude whose solar altitude at the full hours 1 to 24 (UTC+9) fits the table best."""
    import pvlib

    hours = pd.date_range("2001-01-01 01:00", periods=HOURS_PER_YEAR, freq="h", tz="Etc/GMT-9")
    chosen = np.flatnonzero(altitude_deg > 5.0)[::5]

    def difference(place: np.ndarray) -> np.ndarray:
        sun = pvlib.solarposition.get_solarposition(hours[chosen], place[0], place[1])
        return np.asarray(sun["elevation"]) - altitude_deg[chosen]

    fit = least_squares(difference, near, diff_step=1e-5)
    return float(fit.x[0]), float(fit.x[1])


def write_npz(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """An .npz whose bytes depend on the arrays alone (fixed dates and order)."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.save(buffer, array, allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, buffer.getvalue(), compresslevel=9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path, help="builelib-2.3.4-py3-none-any.whl")
    parser.add_argument("--target", type=Path, default=TARGET, help="folder of stations.csv")
    arguments = parser.parse_args()
    with (arguments.target / "stations.csv").open(encoding="utf-8", newline="") as file:
        stations = list(csv.DictReader(file))

    hours: dict[str, list[np.ndarray]] = {name: [] for name in ("temperature", "dni", "dhi", "humidity", "wind")}
    complete: list[int] = []
    with zipfile.ZipFile(arguments.wheel) as wheel:
        present = {Path(name).name for name in wheel.namelist() if name.startswith(FOLDER)}
        used = {row[key] for row in stations for key in ("file", "humidity_and_wind_file")} - {""}
        if present - used - SCALED_COPIES or used - present:
            sys.exit(f"stations.csv and the wheel differ: {sorted((present - SCALED_COPIES) ^ used)}")
        for row in stations:
            data = wheel.read(FOLDER + row["file"])
            columns = read_csv(data) if row["file"].endswith(".csv") else read_hasp(data)
            if "altitude" in columns:
                near = (float(row["latitude_deg"]), float(row["longitude_deg"]))
                found = fitted_coordinates(columns["altitude"], near)
                if max(abs(found[0] - near[0]), abs(found[1] - near[1])) > COORDINATE_TOLERANCE_DEG:
                    sys.exit(f"{row['name_en']}: coordinates {near} do not fit the solar altitude: {found}")
            for name in ("temperature", "dni", "dhi"):
                hours[name].append(columns[name])
            if row["humidity_and_wind_file"]:
                hasp = read_hasp(wheel.read(FOLDER + row["humidity_and_wind_file"]))
                # The two formats round differently: one count of 0.1 degrees is the same reading.
                if np.abs(hasp["temperature"] - columns["temperature"]).max() > 1:
                    sys.exit(f"{row['name_en']}: the two files are not the same year")
                complete.append(int(row["id"]))
                hours["humidity"].append(hasp["humidity"])
                hours["wind"].append(hasp["wind"])

    arrays = {
        "station": np.array([int(row["id"]) for row in stations], dtype=np.int16),
        "complete_station": np.array(complete, dtype=np.int16),
        **{name: np.array(columns).astype(np.int16) for name, columns in hours.items()},
    }
    write_npz(arguments.target / "hours.npz", arrays)

    shape = fit_wind_shape([wind / 10.0 for wind in hours["wind"]])
    with (arguments.target / "wind_model.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id", "value", "unit", "source", "status"])
        for name, value in values_of_shape(shape).items():
            unit = {"fast_hours": "h", "slow_hours": "h", "shape_per_root_mean": "(m/s)^-0.5"}.get(name, "1")
            source = "fitted on the eight stations with wind by scripts/convert_typical_weather.py"
            writer.writerow([name, f"{value:.4f}", unit, source, "verified"])
    print(f"{len(stations)} stations, {len(complete)} with humidity and wind; {shape}")


if __name__ == "__main__":
    main()
