"""`kiban bundle`: the operations of a plan as code, from the plan's own numbers.

making       the files of a bundle, and their way to a folder; start here
figures      the plan's numbers, as templates name them
filling      templates are data: what is filled in, what is left out
text         data as YAML, the same bytes each time
alerts       rules of Prometheus, and promtool's tests of each
monitoring   what Prometheus scrapes, and whom Alertmanager tells
plan_folder  the plan itself with every file that it names
dashboards   dashboards of Grafana
kubernetes   manifests, and queues of Kueue
deployment   a role of Ansible, a module of Terraform
schedulers   the fragment of slurm.conf
readme       what stands where, and in which order
runbook      what each alert means and what to do, in two languages
manifest     which plan, which files, and what the living service cannot operate
"""
