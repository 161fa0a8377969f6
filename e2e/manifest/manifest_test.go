package manifest

import (
	"strings"
	"testing"
)

func TestDecodingIsStrict(t *testing.T) {
	const scaledObject = "apiVersion: keda.sh/v1alpha1, kind: ScaledObject, metadata: {name: a}, "
	for name, text := range map[string]string{
		"unknown field":             "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {port: 80}}",
		"duplicate field":           "{apiVersion: v1, kind: Service, metadata: {name: a, name: b}}",
		"unknown kind":              "{apiVersion: v1, kind: Servant, metadata: {name: a}}",
		"retired version":           "{apiVersion: policy/v1beta1, kind: PodDisruptionBudget, metadata: {name: a}}",
		"ScaledObject, field":       "{" + scaledObject + "spec: {scaleTargetRef: {name: a}, triggers: [{type: cpu, metadata: {value: \"1\"}}], replicas: 2}}",
		"ScaledObject, nested":      "{" + scaledObject + "spec: {scaleTargetRef: {name: a, app: b}, triggers: [{type: cpu, metadata: {value: \"1\"}}]}}",
		"ScaledObject, metadata":    "{" + strings.Replace(scaledObject, "name", "nome", 1) + "spec: {scaleTargetRef: {name: a}, triggers: [{type: cpu, metadata: {value: \"1\"}}]}}",
		"ScaledObject, missing":     "{" + scaledObject + "spec: {scaleTargetRef: {name: a}}}",
		"ScaledObject, wrong type":  "{" + scaledObject + "spec: {scaleTargetRef: {name: a}, triggers: [{type: cpu, metadata: {value: \"1\"}}], minReplicaCount: two}}",
		"ScaledObject, other group": strings.Replace("{"+scaledObject+"spec: {scaleTargetRef: {name: a}, triggers: [{type: cpu, metadata: {value: \"1\"}}]}}", "keda.sh", "keda.io", 1),
	} {
		t.Run(name, func(t *testing.T) {
			if object, err := Decode([]byte(text)); err == nil {
				t.Errorf("decoded as %v", object.Object)
			}
		})
	}
	if _, err := Decode([]byte("{" + scaledObject + "spec: {scaleTargetRef: {name: a}, triggers: [{type: cpu, metadata: {value: \"1\"}}]}}")); err != nil {
		t.Errorf("a ScaledObject: %v", err)
	}
}
