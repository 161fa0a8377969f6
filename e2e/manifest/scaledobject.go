package manifest

import (
	"bytes"
	_ "embed"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var scaledObjectKind = schema.GroupVersionKind{Group: "keda.sh", Version: "v1alpha1", Kind: "ScaledObject"}

//go:embed scaledobject.schema.json
var scaledObjectSchema []byte

var compileScaledObjectSchema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(scaledObjectSchema))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("scaledobject.json", document); err != nil {
		return nil, err
	}
	return compiler.Compile("scaledobject.json")
})

// validateScaledObject applies the schema of KEDA's custom resource.
func validateScaledObject(fields map[string]any) error {
	compiled, err := compileScaledObjectSchema()
	if err != nil {
		return err
	}
	if err := compiled.Validate(fields); err != nil {
		return err
	}
	metadata, _ := fields["metadata"].(map[string]any)
	return runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(metadata, &metav1.ObjectMeta{}, true)
}
