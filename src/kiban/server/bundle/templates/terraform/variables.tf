variable "plan" {
  description = "Digest of the plan that is operated."
  type        = string
}

variable "image" {
  description = "Image of the service with its plan, built from Containerfile."
  type        = string
}

variable "prometheus_url" {
  description = "Prometheus that the service asks for telemetry."
  type        = string
  default     = "http://prometheus.monitoring.svc:9090"
}

variable "apply" {
  description = "Who is handed limits: none only advises."
  type        = string
  validation {
    condition     = contains(["none", "kueue"], var.apply)
    error_message = "apply is none or kueue."
  }
}

variable "token" {
  description = "Token of who may order, 16 letters or more."
  type        = string
  sensitive   = true
  validation {
    condition     = length(var.token) >= 16
    error_message = "The token has 16 letters or more."
  }
}

variable "power_quota_kw" {
  description = "All that flexible compute may ever draw, kW."
  type        = number
}

variable "dashboards" {
  description = "Whether the dashboards are put into Grafana."
  type        = bool
  default     = true
}
