{{- define "echosvc.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 57 | trimSuffix "-" }}
{{- end }}

{{- /* 57 characters leave room for -probe. The name of a release may have dots, which that of a Service may not. */}}
{{- define "echosvc.fullname" -}}
{{- $name := include "echosvc.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 57 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | replace "." "-" | trunc 57 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | replace "." "-" | trunc 57 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- /* What the schema cannot say, or not in words. */}}
{{- define "echosvc.check" -}}
{{- if regexMatch "^[0-9]" (include "echosvc.fullname" .) }}
{{- fail (printf "%s cannot be the name of a Service, because it begins with a digit: set fullnameOverride" (include "echosvc.fullname" .)) }}
{{- end }}
{{- if lt (int .Values.drain.timeout) (add .Values.drain.spread 7 | int) }}
{{- fail "drain.timeout must be at least 7 s more than drain.spread: the last client has CLOSE_TIMEOUT (5 s) and a second to end" }}
{{- end }}
{{- if gt (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas) }}
{{- fail "autoscaling.minReplicas must not be more than autoscaling.maxReplicas" }}
{{- end }}
{{- $instead := dict "MEMORY_LIMIT" "resources.limits.memory" "DRAIN_DELAY" "drain.delay" "DRAIN_SPREAD" "drain.spread" "DRAIN_TIMEOUT" "drain.timeout" "TLS_CERT_FILE" "tls.secretName" "TLS_KEY_FILE" "tls.secretName" }}
{{- range $name, $value := .Values.settings }}
{{- if hasKey $instead $name }}
{{- fail (printf "settings.%s is set by the chart: use %s instead" $name (get $instead $name)) }}
{{- else if has $name (list "PORT" "HEALTH_PORT" "HOST" "HEALTH_HOST" "POD_NAME" "POD_NAMESPACE" "NODE_NAME") }}
{{- fail (printf "settings.%s is set by the chart, and cannot be changed" $name) }}
{{- end }}
{{- end }}
{{- $own := fromYaml (include "echosvc.labels" .) }}
{{- range $value, $labels := dict "podLabels" .Values.podLabels "podMonitor.labels" .Values.podMonitor.labels "prometheusRule.labels" .Values.prometheusRule.labels "dashboard.labels" .Values.dashboard.labels }}
{{- range $name, $ := $labels }}
{{- if hasKey $own $name }}
{{- fail (printf "%s: %s is set by the chart; nameOverride changes app.kubernetes.io/name" $value $name) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "echosvc.selectorLabels" -}}
app.kubernetes.io/name: {{ include "echosvc.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "echosvc.probeSelectorLabels" -}}
app.kubernetes.io/name: {{ include "echosvc.name" . }}-probe
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "echosvc.commonLabels" -}}
app.kubernetes.io/part-of: echosvc
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "echosvc.labels" -}}
{{ include "echosvc.selectorLabels" . }}
{{ include "echosvc.commonLabels" . }}
{{- end }}

{{- define "echosvc.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end }}
{{- end }}

{{- define "echosvc.servicePort" -}}
{{ ternary 443 80 (not (empty .Values.tls.secretName)) }}
{{- end }}

{{- define "echosvc.targetConnections" -}}
{{ .Values.autoscaling.targetConnections | int | default (ternary 8000 3000 (empty .Values.tls.secretName)) }}
{{- end }}

{{- define "echosvc.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop:
    - ALL
{{- end }}

{{- /*
A removed pod disconnects all its clients. So an autoscaler waits until the load has been low for 10
minutes, and removes one pod at a time: the period is longer than the grace period.
*/}}
{{- define "echosvc.scaleDown" -}}
stabilizationWindowSeconds: 600
policies:
  - type: Pods
    value: 1
    periodSeconds: {{ add .Values.drain.delay .Values.drain.timeout 80 }}
{{- end }}
