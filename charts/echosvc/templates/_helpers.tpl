{{- define "echosvc.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 57 | trimSuffix "-" }}
{{- end }}

{{- /* 57 characters leave room for -probe. */}}
{{- define "echosvc.fullname" -}}
{{- $name := include "echosvc.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 57 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 57 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 57 | trimSuffix "-" }}
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
