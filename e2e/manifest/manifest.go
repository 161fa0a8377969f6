// Package manifest builds and decodes the objects that k8s/ and charts/ describe, as kubectl and an
// API server do.
package manifest

import (
	"fmt"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// An Object is one object of a kustomization or a chart.
type Object struct {
	// Fields are those that were written down, without defaults.
	unstructured.Unstructured
	// Typed has the Go type of the kind. It is nil for a ScaledObject, whose types are not imported
	// because they would bring KEDA's dependencies.
	Typed runtime.Object
}

// strict rejects unknown and duplicate fields.
var strict = func() runtime.Decoder {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		corev1.AddToScheme, appsv1.AddToScheme, autoscalingv2.AddToScheme, batchv1.AddToScheme,
		networkingv1.AddToScheme, policyv1.AddToScheme, gatewayv1.Install,
		monitoringv1.AddToScheme,
	} {
		utilruntime.Must(add(scheme))
	}
	return serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
}()

// Decode decodes an object strictly.
func Decode(text []byte) (Object, error) {
	asJSON, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		return Object{}, err
	}
	var o Object
	if err := o.UnmarshalJSON(asJSON); err != nil {
		return Object{}, err
	}
	if o.GroupVersionKind() == scaledObjectKind {
		return o, validateScaledObject(o.Object)
	}
	if o.Typed, _, err = strict.Decode(text, nil, nil); err != nil {
		return Object{}, err
	}
	return o, nil
}

// Kustomize builds a directory as kubectl does, in the order in which kubectl applies the objects.
func Kustomize(dir string) (text []byte, objects []Object, err error) {
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionLegacy
	built, err := krusty.MakeKustomizer(options).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		return nil, nil, fmt.Errorf("kustomize build %s: %w", dir, err)
	}
	for _, resource := range built.Resources() {
		text, err := resource.AsYAML()
		if err != nil {
			return nil, nil, err
		}
		o, err := Decode(text)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w\n%s", resource.CurId(), err, text)
		}
		objects = append(objects, o)
	}
	text, err = built.AsYaml()
	return text, objects, err
}

// PodTemplate returns the pods that an object creates, or is, and nil if there are none.
func (o *Object) PodTemplate() *corev1.PodTemplateSpec {
	switch object := o.Typed.(type) {
	case *appsv1.Deployment:
		return &object.Spec.Template
	case *batchv1.Job:
		return &object.Spec.Template
	case *corev1.Pod:
		return &corev1.PodTemplateSpec{ObjectMeta: object.ObjectMeta, Spec: object.Spec}
	}
	return nil
}
