output "plan" {
  description = "Digest of the plan that is operated."
  value       = var.plan
}

output "power_quota_kw" {
  description = "All that flexible compute may ever draw, kW."
  value       = var.power_quota_kw
}

output "metrics" {
  description = "Where Prometheus scrapes the service."
  value       = "kiban.kiban.svc:9464"
}
