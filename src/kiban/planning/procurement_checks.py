"""What a way to buy power asks of the campus: a contract power that covers its load, and who is exempt from what.

Users of much power are exempt from part of the renewable surcharge (減免) on application. A data centre is no
manufacturing: `reduction_kept` of it for who keeps improving, `reduction_unkept` for who does not, where the site uses
more than `exempt_least` a year and more than `exempt_intensity` for each million yen of its sales.
"""

from __future__ import annotations

from kiban.errors import Problem, ScenarioError
from kiban.planning.inputs import Inputs
from kiban.planning.procurement_options import open_tariffs
from kiban.planning.resources import Resources

REDUCTION = "procurement.surcharge_reduction_share"


def check_contract_power(resources: Resources) -> None:
    """Raise `ScenarioError` where a settled contract power is below the least load that no own plant surely serves."""
    procurement = resources.procurement
    if (
        procurement is None
        or procurement.contract_power_mw is None
        or resources.unserved_price_myen_per_mwh is not None
    ):
        return
    least = float((resources.pue * resources.firm_mw).min())
    sure = sum(
        float(supply.availability.min()) * supply.max_mw for supply in resources.supply if supply.availability.min() > 0
    )
    if procurement.contract_power_mw < least - sure:
        said = {"value": procurement.contract_power_mw, "least": least - sure}
        raise ScenarioError(Problem("procurement.contract_power", key="procurement.contract_power_mw", values=said))


def check_exemption(inputs: Inputs, resources: Resources) -> None:
    """Raise `ScenarioError` where a campus says to be exempt from more of the surcharge than it may be.

    What it uses is counted as load, own plants included, tranches of compute aside; sales only where they are given.
    """
    tariffs = open_tariffs(inputs)
    if tariffs is None or tariffs.procurement.surcharge_reduction_share == 0.0:
        return
    given, sales = tariffs.procurement.surcharge_reduction_share, tariffs.procurement.sales_myen_per_year
    most = tariffs.take("surcharge.reduction_kept")
    if given > most:
        said = {"value": given, "most": most}
        raise ScenarioError(Problem("procurement.reduction", key=REDUCTION, values=said))
    used_mwh = float(resources.pue @ (resources.firm_mw + resources.arrivals_mw)) * resources.step_weight_h
    least_mwh = tariffs.take("surcharge.exempt_least")
    if used_mwh <= least_mwh:
        said = {"used": used_mwh, "least": least_mwh}
        raise ScenarioError(Problem("procurement.small", key=REDUCTION, values=said))
    if sales is None:
        return
    inputs.recorder.give("procurement.sales_myen_per_year", sales, "million yen/year")
    least = tariffs.take("surcharge.exempt_intensity")
    if used_mwh <= least * sales:
        said = {"intensity": used_mwh / sales, "least": least, "most": used_mwh / least}
        raise ScenarioError(Problem("procurement.intensity", key=REDUCTION, values=said))
