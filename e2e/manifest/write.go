package manifest

import (
	"os"
	"path/filepath"
)

// WriteKustomization writes a kustomization into a directory. text is given the path from there to
// k8s. WriteKustomization returns the directory without symbolic links, which kustomize resolves.
func WriteKustomization(dir, k8s string, text func(k8s string) string) (string, error) {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", err
	}
	if k8s, err = filepath.Abs(k8s); err != nil {
		return "", err
	}
	if k8s, err = filepath.Rel(dir, k8s); err != nil {
		return "", err
	}
	return dir, os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(text(k8s)), 0o600)
}
