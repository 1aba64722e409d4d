locals {
  folder = "${path.module}/../kubernetes"
  files  = setsubtract(fileset(local.folder, "*.yaml"), ["kustomization.yaml", "kueue-configuration.yaml"])
  read   = { for name in local.files : name => yamldecode(file("${local.folder}/${name}")) }

  service = local.read["stateful-set.yaml"]
  given   = local.service.spec.template.spec.containers[0]
  # Only what follows a flag changes: the address of Prometheus, and who is handed limits.
  arguments = [
    for number, word in local.given.args :
    number == 0 ? word :
    local.given.args[number - 1] == "--prometheus" ? var.prometheus_url :
    local.given.args[number - 1] == "--apply" ? var.apply : word
  ]
  container = merge(local.given, { image = var.image, args = local.arguments })
  pod       = merge(local.service.spec.template.spec, { containers = [local.container] })
  set = merge(local.service, {
    spec = merge(local.service.spec, { template = merge(local.service.spec.template, { spec = local.pod }) })
  })
  objects = {
    for name, content in local.read : name => content
    if !contains(["namespace.yaml", "stateful-set.yaml", "cluster-queue.yaml"], name)
  }
  queues     = { for name, content in local.read : name => content if name == "cluster-queue.yaml" }
  dashboards = var.dashboards ? fileset("${path.module}/../grafana/dashboards", "*.json") : []
}

resource "kubernetes_manifest" "namespace" {
  manifest = local.read["namespace.yaml"]
}

resource "kubernetes_secret_v1" "token" {
  metadata {
    name      = "kiban-token"
    namespace = "kiban"
  }
  data = {
    token = var.token
  }
  depends_on = [kubernetes_manifest.namespace]
}

resource "kubernetes_manifest" "object" {
  for_each   = local.objects
  manifest   = each.value
  depends_on = [kubernetes_manifest.namespace]
}

# The quota and the stop policy are kiban's from the first limit on.
resource "kubernetes_manifest" "queue" {
  for_each        = local.queues
  manifest        = each.value
  computed_fields = ["spec.resourceGroups", "spec.stopPolicy", "metadata.annotations"]

  lifecycle {
    precondition {
      condition     = tonumber(each.value.spec.resourceGroups[0].flavors[0].resources[0].nominalQuota) == var.power_quota_kw
      error_message = "The queue and power_quota_kw are of different plans."
    }
  }
}

resource "kubernetes_manifest" "service" {
  manifest   = local.set
  depends_on = [kubernetes_manifest.object, kubernetes_secret_v1.token]

  lifecycle {
    precondition {
      condition     = local.service.metadata.annotations["kiban/plan"] == var.plan
      error_message = "The manifests and the variables are of different plans."
    }
  }
}

resource "grafana_folder" "kiban" {
  count = var.dashboards ? 1 : 0
  title = "kiban"
}

resource "grafana_dashboard" "kiban" {
  for_each    = local.dashboards
  folder      = grafana_folder.kiban[0].id
  config_json = file("${path.module}/../grafana/dashboards/${each.value}")
}
