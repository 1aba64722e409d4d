"""Units, the glossary, and how numbers and money are written in Japanese and English.

Text for readers has three significant digits, since no input is known better; files keep every digit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Language = Literal["ja", "en"]
LANGUAGES: tuple[Language, ...] = ("en", "ja")
Currency = Literal["JPY", "USD"]

MYEN_PER_OKU = 100.0
MYEN_PER_CHO = 1_000_000.0
MYEN_PER_BILLION_YEN = 1_000.0
YEN_PER_MYEN = 1_000_000.0
YEN_PER_MAN = 10_000.0
KWH_PER_MWH = 1_000.0
MYEN_PER_MWH_OF_YEN_PER_KWH = 0.001
MYEN_PER_THOUSAND_YEN = 0.001
CM_PER_M = 100.0
HPA_PER_PA = 0.01
KW_PER_MW = 1_000.0
MWH_PER_GWH = 1_000.0

SIGNIFICANT_DIGITS = 3

_STORAGES = (
    ("iron_air", "iron-air", "鉄空気電池"),
    ("flow_battery", "flow battery", "フロー電池"),
    ("compressed_air", "compressed air", "圧縮空気貯蔵"),
    ("hydrogen", "hydrogen", "水素貯蔵"),
    ("pumped_hydro", "pumped hydro", "揚水"),
    ("bridging_battery", "hired batteries,", "仮設蓄電池"),
)

GLOSSARY: dict[str, tuple[str, str]] = {
    "it_load": ("IT load", "IT負荷"),
    "it": ("IT capacity", "IT容量"),
    "pue": ("power usage effectiveness (PUE)", "電力使用効率 (PUE)"),
    "wue": ("water usage effectiveness (WUE)", "水使用効率 (WUE)"),
    "clean_share": ("hourly matched clean-energy share", "時間別クリーン電力比率"),
    "curtailment": ("curtailment", "出力制御"),
    "interconnection": ("grid connection", "系統連系"),
    "flexibility": ("flexibility sold on call", "発動に応じる調整力"),
    "import": ("grid import", "系統からの受電"),
    "export": ("grid export", "系統への送電"),
    "pv": ("solar PV", "太陽光"),
    "wind": ("wind", "風力"),
    "wind_onshore": ("onshore wind", "陸上風力"),
    "wind_offshore_fixed": ("bottom-fixed offshore wind", "着床式洋上風力"),
    "wind_offshore_floating": ("floating offshore wind", "浮体式洋上風力"),
    "geothermal": ("geothermal", "地熱"),
    "hydro": ("run-of-river hydro", "流れ込み式水力"),
    "nuclear_smr": ("small modular reactors", "小型モジュール炉(SMR)"),
    "gas_ccs": ("gas with carbon capture", "CO2回収付きガス火力"),
    "battery": ("battery", "蓄電池"),
    "battery_power": ("battery power", "蓄電池(出力)"),
    "battery_energy": ("battery energy", "蓄電池(容量)"),
    "backup": ("backup generation", "非常用発電"),
    "bridging_gas": ("hired gas engines", "仮設ガス発電(レンタル)"),
    "outage": ("outage of the grid", "系統の停電"),
    "backlog": ("deferred compute", "繰り延べ計算"),
    "air_economiser": ("air cooling (economiser)", "外気冷房"),
    "chilled_water": ("chilled-water cooling", "冷水方式"),
    "direct_liquid": ("direct liquid cooling", "直接液冷"),
    "immersion": ("immersion cooling", "液浸冷却"),
    "adequacy": ("backup coverage", "非常時の備え"),
    "delay": ("allowed delay", "計算の待ち時間"),
    "supply_temperature": ("cooling supply temperature", "冷却の供給温度"),
    "carbon_cap": ("CO2 cap", "CO2排出の上限"),
    "water_cap": ("water cap", "水使用の上限"),
    "given": ("cooling as given", "指定の冷却"),
    "building": ("building", "建屋"),
    "electrical": ("electrical equipment", "電気設備"),
    "fitout": ("fit-out and safety", "内装・防災"),
    "cooling": ("cooling equipment", "冷却設備"),
    "chips": ("accelerators and servers", "アクセラレータ・サーバー"),
    "operation": ("operation and maintenance", "運転維持"),
    "capacity": ("IT capacity, as given", "IT容量(指定値)"),
    "land": ("land", "土地"),
    **{f"storage_{name}": (english.rstrip(","), japanese) for name, english, japanese in _STORAGES},
    **{
        f"storage_{name}_{part}": (f"{english} {of}", f"{japanese}({der})")
        for name, english, japanese in _STORAGES
        for part, of, der in (
            ("power", "power", "出力"),
            ("charge_power", "charging", "入力"),
            ("energy", "energy", "容量"),
        )
    },
    "cooling_storage": ("store of cold", "蓄熱槽"),
    "cooling_storage_energy": ("cold storage", "蓄熱槽(熱量)"),
    "other_storage": ("other storage", "その他の蓄電設備"),
    "throughput": ("wear of storages", "蓄電設備の損耗"),
    "energy": ("energy drawn from the grid", "系統電力量"),
    "fuel": ("fuel", "燃料"),
    "carbon": ("carbon price", "炭素価格"),
    "water": ("water", "水"),
    "unserved": ("compute not served", "未提供の計算"),
    "compute_revenue": ("payment for further compute", "追加計算の収入"),
    "production_credit": ("production credit", "発電税額控除"),
    "retail_basic": ("basic charge of menus", "小売 基本料金"),
    "retail_energy": ("energy charge of menus", "小売 電力量料金"),
    "market_energy": ("power of the market and the supplier's fee", "市場調達と小売手数料"),
    "demand_charge": ("charge on monthly peaks", "月別最大電力の料金"),
    "capacity_contribution": ("capacity contribution", "容量拠出金"),
    "ppa": ("price of plants under contract", "PPA 契約価格"),
    "ppa_market": ("market legs of contracts", "PPA 市場での売買"),
    "balancing": ("balancing of contracts", "PPA 需給調整費"),
    "imbalance": ("imbalances of own plants elsewhere", "自己託送のインバランス"),
    "generation_charge": ("generation-side charge", "発電側課金"),
    "certificates": ("non-fossil certificates", "非化石証書"),
    "claim_share": ("claim over the year", "年間の非化石比率(証書)"),
    "market": ("market", "市場"),
    "demand": ("monthly peaks", "月別最大電力"),
    "export_revenue": ("revenue from export", "売電収入"),
    "flexibility_revenue": ("revenue from flexibility", "調整力収入"),
}

# Parts of a unit as it stands at the end of a name; `mw_it` and the like are found before `mw`.
_UNIT_WORDS: dict[str, tuple[str, str]] = {
    "myen": ("million yen", "百万円"),
    "yen": ("yen", "円"),
    "usd": ("USD", "米ドル"),
    "eur": ("EUR", "ユーロ"),
    "mw_it": ("MW IT", "MW(IT)"),
    "mva_it": ("MVA IT", "MVA(IT)"),
    "gpu_hour": ("GPU hour", "GPU時間"),
    "job_year": ("job years", "人年"),
    "w": ("W", "W"),
    "kw": ("kW", "kW"),
    "mw": ("MW", "MW"),
    "gbit": ("Gbit", "Gbit"),
    "gw": ("GW", "GW"),
    "hz": ("Hz", "Hz"),
    "mva": ("MVA", "MVA"),
    "kwh": ("kWh", "kWh"),
    "mwh": ("MWh", "MWh"),
    "gwh": ("GWh", "GWh"),
    "j": ("J", "J"),
    "mj": ("MJ", "MJ"),
    "kg": ("kg", "kg"),
    "token": ("token", "トークン"),
    "t": ("t", "t"),
    "l": ("l", "L"),
    "m": ("m", "m"),
    "m2": ("m²", "m²"),
    "m3": ("m³", "m³"),
    "cm": ("cm", "cm"),
    "km": ("km", "km"),
    "s": ("s", "s"),
    "ms": ("ms", "ms"),
    "h": ("h", "時間"),
    "hour": ("h", "h"),
    "day": ("days", "日"),
    "month": ("month", "月"),
    "year": ("years", "年"),
    "share": ("share", "比率"),
    "ratio": ("", ""),
    "count": ("", ""),
    "class": ("(class 0 to 3)", "(階級 0〜3)"),
    "flag": ("(0 or 1)", "(0か1)"),
    "point": ("point", "ポイント"),
    "tflops": ("TFLOPS", "TFLOPS"),
    "gb": ("GB", "GB"),
    "deg": ("°", "°"),
    "deg_north": ("° N", "°(北緯)"),
    "deg_east": ("° E", "°(東経)"),
    "degc": ("°C", "°C"),
    "k": ("K", "K"),
    "job": ("jobs", "人"),
    "person": ("person", "人"),
    "gpu": ("GPU", "GPU"),
    "it_mwh": ("MWh of IT", "MWh(IT)"),
    "cycles": ("cycles", "回"),
}
_SINGULAR = {"h": "hour", "days": "day", "years": "year"}


def term(name: str, language: Language) -> str:
    """The glossary's word for a term in code; the name itself, spelled with spaces, where it has none."""
    if name not in GLOSSARY:
        return name.replace("_", " ")
    english, japanese = GLOSSARY[name]
    return japanese if language == "ja" else english


def unit_text(unit: str, language: Language) -> str:
    """A unit as it ends a name (`myen_per_mw_year`) in words: `million yen/(MW year)`, `百万円/(MW・年)`.

    A text that is not made of such words (`m/s`) is returned as it is.
    """
    if unit == "per_k":
        return "1/K"
    parts = [_unit_words(part, language) for part in unit.replace(" per ", "_per_").lower().split("_per_")]
    if not unit or None in parts:
        return unit.replace("million yen", "百万円") if language == "ja" else unit
    top, below = parts[0], parts[1:]
    texts = [" ".join(top or [])]
    for words in below:
        singular = [_SINGULAR.get(word, word) for word in words or []]
        joined = ("・" if language == "ja" else " ").join(singular)
        texts.append(f"({joined})" if len(singular) > 1 else joined)
    return "/".join(texts)


def _unit_words(text: str, language: Language) -> list[str] | None:
    pieces, words = text.split("_"), []
    while pieces:
        for length in (2, 1):
            found = _UNIT_WORDS.get("_".join(pieces[:length])) if len(pieces) >= length else None
            if found is not None:
                words.append(found[1] if language == "ja" else found[0])
                del pieces[:length]
                break
        else:
            return None
    return words


def unit_of(name: str) -> str:
    """The unit at the end of a name, as it stands there: `mwh_per_year` of `load_mwh_per_year`; empty without one."""
    pieces = name.split("_")
    for start in range(1, len(pieces)):
        tail = "_".join(pieces[start:])
        if all(_unit_words(part, "en") is not None for part in tail.split("_per_")):
            return tail
    return ""


def round_significant(value: float, digits: int = SIGNIFICANT_DIGITS) -> float:
    """`value` with `digits` significant digits."""
    if value == 0 or not math.isfinite(value):
        return value
    return round(value, digits - 1 - math.floor(math.log10(abs(value))))


def round_outward(value: float, away_from: float, digits: int = SIGNIFICANT_DIGITS) -> float:
    """`value` with `digits` significant digits, rounded away from `away_from` so that it is never too little."""
    if value == 0 or not math.isfinite(value):
        return value
    step = 10.0 ** (math.floor(math.log10(abs(value))) - digits + 1)
    whole = math.ceil(value / step - 1e-9) if value > away_from else math.floor(value / step + 1e-9)
    return round_significant(whole * step, digits + 1)


def format_number(value: float, digits: int = SIGNIFICANT_DIGITS) -> str:
    """A number with `digits` significant digits and thousands separators, never in exponent form."""
    rounded = round_significant(value, digits)
    if rounded == 0:
        return "0"
    decimals = digits - 1 - math.floor(math.log10(abs(rounded)))
    return f"{rounded:,.{min(max(decimals, 0), 12)}f}"


def format_given(value: float) -> str:
    """A number that the user wrote, as it was written: every digit, no separators, so that it can be pasted back."""
    text = f"{value:.10g}"
    return text if "e" not in text else f"{value:.12f}".rstrip("0").rstrip(".")


def format_exact(value: float) -> str:
    """A number with every digit for reading, from ten thousand on with separators."""
    return f"{value:,.10g}" if abs(value) >= 10_000 and float(value).is_integer() else format_given(value)


def format_share(share: float, language: Language, digits: int = SIGNIFICANT_DIGITS) -> str:
    """A share of one in per cent; what is just below the whole is not called the whole."""
    gap = "" if language == "ja" else " "
    percent = share * 100.0
    if abs(percent - 100.0) > 1e-6 and format_number(percent, digits) == "100":
        return f">99.9{gap}%" if percent < 100 else f"{format_number(percent, digits + 1)}{gap}%"
    return f"{format_number(percent, digits)}{gap}%"


def format_percent(share: float, language: Language) -> str:
    """A share of one in per cent with one decimal, for columns."""
    gap = "" if language == "ja" else " "
    percent = share * 100.0
    if 0 < abs(percent) < 0.05:
        return f"<0.1{gap}%"
    return f"{percent:.0f}{gap}%" if abs(percent) >= 99.95 else f"{percent:.1f}{gap}%"


def format_quantity(value: float, unit: str, language: Language) -> str:
    """A catalogue value with its unit in words; shares in per cent."""
    if unit == "share" or unit.startswith("share_per_"):
        per = unit.removeprefix("share").replace("_per_", "/")
        tail = {"/year": ("a year", "/年"), "/hour": ("an hour", "/時")}.get(per, ("", ""))
        share = f"{value * 100:.10g}%" if language == "ja" else f"{value * 100:.10g} %"
        return f"{share}{tail[1]}" if language == "ja" else f"{share} {tail[0]}".rstrip()
    if unit == "flag":
        return ("はい" if value else "いいえ") if language == "ja" else ("yes" if value else "no")
    if unit == "month":
        return f"{value:g}月" if language == "ja" else f"month {value:g}"
    text = format_exact(value)
    words = unit_text(unit, language)
    close = (
        words in {"°", "° N", "° E"}
        or words.startswith("°(")
        or (language == "ja" and words[:1] in {"年", "日", "円", "百", "人", "米"})
    )
    return f"{text}{'' if close else ' '}{words}".rstrip()


@dataclass(frozen=True, slots=True)
class MoneyFormat:
    """How a report writes money: language, currency and the exchange rate that US dollars need."""

    language: Language = "en"
    currency: Currency = "JPY"
    yen_per_usd: float = 0.0

    def amount(self, value_myen: float) -> str:
        """An amount: 兆円, 億円, 万円 and 円 in Japanese, ¥ tn, bn and m in English, or US dollars."""
        sign, yen = ("-" if value_myen < 0 else ""), abs(value_myen) * YEN_PER_MYEN
        if self.currency == "USD":
            return sign + self._dollars(yen / self.yen_per_usd)
        if self.language == "ja":
            for size, word in ((1e12, "兆円"), (1e8, "億円"), (YEN_PER_MAN, "万円")):
                if round_significant(yen) >= size:
                    return f"{sign}{format_number(yen / size)}{word}"
            return f"{sign}{format_number(yen)}円"
        for size, word in ((1e12, "tn"), (1e9, "bn"), (1e6, "m")):
            if round_significant(yen) >= size:
                return f"{sign}¥{format_number(yen / size)} {word}"
        return f"{sign}¥{format_number(yen)}"

    def _dollars(self, dollars: float) -> str:
        japanese = self.language == "ja"
        for size, word in ((1e8, "億"), (1e4, "万")) if japanese else ((1e9, " bn"), (1e6, " m")):
            if round_significant(dollars) >= size:
                text = f"{format_number(dollars / size)}{word}"
                break
        else:
            text = format_number(dollars)
        return f"{text}米ドル" if japanese else f"US${text}"

    def price(self, value_myen: float) -> str:
        """A small amount in full, without million or billion: the price of a MWh or a GPU hour."""
        yen = value_myen * YEN_PER_MYEN
        return self.of(format_number(yen / self.yen_per_usd if self.currency == "USD" else yen))

    def of(self, number: str) -> str:
        """A number that is written already, as so many units of the currency."""
        if self.currency == "USD":
            return f"{number}米ドル" if self.language == "ja" else f"US${number}"
        return f"{number}円" if self.language == "ja" else f"¥{number}"

    def energy_price(self, value_myen_per_mwh: float) -> str:
        """A price of electric energy in the reader's unit: yen per kWh in Japanese, money per MWh in English."""
        if self.language == "en":
            return f"{self.price(value_myen_per_mwh)} per MWh"
        if self.currency == "JPY":
            return f"{self.price(value_myen_per_mwh / KWH_PER_MWH)}/kWh"
        return f"{self.price(value_myen_per_mwh)}/MWh"

    def scale(self, largest_myen: float) -> tuple[float, str]:
        """The unit of a table whose largest amount is given: how many million yen it is, and its name."""
        if self.currency == "USD":
            million = self.yen_per_usd * 1e6 / YEN_PER_MYEN
            return million, "百万米ドル" if self.language == "ja" else "US$ m"
        if self.language == "ja":
            return MYEN_PER_OKU, "億円"
        if abs(largest_myen) >= MYEN_PER_BILLION_YEN * 10:
            return MYEN_PER_BILLION_YEN, "¥ bn"
        return 1.0, "¥ m"


def format_money(value_myen: float, language: Language, currency: Currency = "JPY", yen_per_usd: float = 0.0) -> str:
    """Money for a reader, see `MoneyFormat.amount`; `yen_per_usd` is needed for US dollars."""
    return MoneyFormat(language, currency, yen_per_usd).amount(value_myen)
