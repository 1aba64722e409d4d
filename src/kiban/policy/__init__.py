"""Policy: law as dated data, the terms that a package sets for each asset, and the user cost of capital.

    law              measures of law with their terms, dates, status and sources, read from `law/*.toml`
    tax_law          the tax law of a country without any support
    size_scope       whom Japan taxes by size, and with which terms
    real_estate_tax  Japan's taxes on buying land and building on it
    state_tax        taxes of American states and of the examples' places in them
    instruments      the instruments of packages, checked one by one and against each other
    package_terms    packages become terms: ordinary law, and the instruments laid over it, asset by asset
    own_terms        packages for the owner and the place of a scenario, with its own tax in place of the law's
    terms            what a package means for each class of asset: plain numbers
    depreciation     what may be deducted in each year, and its present value
    property_tax     the yearly tax on the assessed value of an asset
    annuity         the present value of a level payment, and its inverse
    user_cost        what an owner must earn before tax each year on each yen of an asset
    capital          the rate that financing has under a policy, and the user cost of each asset class
    effective_rates  marginal effective tax rates, from user costs

A rate of support walks package -> instruments -> package_terms -> terms -> user_cost -> capital, and from there into
the costs of the programme (`planning.after_tax`).
"""
