"""The living service of `kiban operate`: data in, limits out, watched by Prometheus.

running      the service from a plan until it is told to stop
service      the loop: hear, decide, keep, hand over
clocks       the machine's clock, or a faster one
sources      telemetry from Prometheus or a file
meters       names under which a campus measures itself
forecasts    forecasts of a model of the register, of a weather service or a file
forecast_file  those of a file, as they are issued
schedulers   what takes a limit to a scheduler
addresses    metrics, health, and orders over HTTP
metrics      the table of metrics
gauges       their values
logs         logs as JSON
slurm        limits as licences of a Slurm cluster
kueue        limits as the quota of a ClusterQueue of Kueue
domain_power  limits as load targets of NVIDIA's Domain Power Service
calls        servers that call, as orders of the service
dsx_flex     load targets of NVIDIA's DSX Flex as calls, and the state in its format
openadr      calls by OpenADR 3, and the offer
openadr_2b   calls by OpenADR 2.0b, and the offer
"""
