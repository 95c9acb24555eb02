// Validate operators' resources, given as a JSON list on standard input, by the schemas of their makers.
import { readFileSync } from "node:fs";
import { Certificate } from "@kubernetes-models/cert-manager/cert-manager.io/v1/Certificate";
import { Issuer } from "@kubernetes-models/cert-manager/cert-manager.io/v1/Issuer";
import { ScaledObject } from "@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject";
import { TriggerAuthentication } from "@kubernetes-models/keda/keda.sh/v1alpha1/TriggerAuthentication";
import { PodMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor";
import { PrometheusRule } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule";

const models = [Certificate, Issuer, ScaledObject, TriggerAuthentication, PodMonitor, PrometheusRule];

function fault(resource) {
  const Model = models.find((model) => model.is(resource));
  if (!Model) return "no schema here";
  try {
    new Model(resource).validate();
  } catch (error) {
    return error.message;
  }
}

const broken = { apiVersion: "keda.sh/v1alpha1", kind: "ScaledObject", metadata: { name: "x" }, spec: { triggers: "all" } };
if (!fault(broken)) {
  console.error("the schemas accepted a broken resource: this check checks nothing");
  process.exit(2);
}
let faults = 0;
for (const resource of JSON.parse(readFileSync(0, "utf8"))) {
  const found = fault(resource);
  if (found) console.error(`${resource.kind}/${resource.metadata.name}: ${found}`);
  faults += found ? 1 : 0;
}
process.exit(faults ? 1 : 0);
