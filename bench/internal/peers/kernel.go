package peers

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed kernel/echo.c
var kernelSource []byte

// BuildKernelEcho compiles the bare TCP echo in C into dir and returns the program's path. Its
// arguments are an address and a port. The error is [exec.ErrNotFound] if there is no gcc.
func BuildKernelEcho(dir string) (string, error) {
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		return "", err
	}
	source, program := filepath.Join(dir, "echo.c"), filepath.Join(dir, "echo-c")
	if err := os.WriteFile(source, kernelSource, 0o600); err != nil {
		return "", err
	}
	if output, err := exec.Command(gcc, "-O2", "-Wall", "-o", program, source).CombinedOutput(); err != nil {
		return "", fmt.Errorf("gcc: %w\n%s", err, output)
	}
	return program, nil
}
