package peers

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// The sources of the floors in C.
var (
	//go:embed kernel/echo.c
	kernelSource []byte
	//go:embed kernel/tls.c
	tlsSource []byte
)

// ErrNoOpenSSL is returned if the headers of OpenSSL are not installed.
var ErrNoOpenSSL = errors.New("no headers of OpenSSL")

// BuildKernelEcho compiles the bare TCP echo in C into dir and returns the program's path. Its
// arguments are an address, a port and, to send pings, their interval in milliseconds, or, to shut
// down after a close frame, "close". The error is [exec.ErrNotFound] if there is no gcc.
func BuildKernelEcho(dir string) (string, error) {
	return buildC(dir, "echo-c", kernelSource)
}

// BuildTLSEcho compiles the bare TLS echo in C into dir and returns the program's path. Its
// arguments are an address, a port, and the files with the certificate and its key. The error is
// [exec.ErrNotFound] if there is no gcc.
func BuildTLSEcho(dir string) (string, error) {
	return buildC(dir, "tls-c", tlsSource, "-lssl", "-lcrypto")
}

// buildC compiles a program of one source file, with libraries, into dir.
func buildC(dir, name string, source []byte, libraries ...string) (program string, err error) {
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		return "", err
	}
	program = filepath.Join(dir, name)
	file := program + ".c"
	if err := os.WriteFile(file, source, 0o600); err != nil {
		return "", err
	}
	args := append([]string{"-O2", "-Wall", "-o", program, file}, libraries...)
	output, err := exec.Command(gcc, args...).CombinedOutput()
	if err != nil && bytes.Contains(output, []byte("openssl/ssl.h: No such file")) {
		return "", ErrNoOpenSSL
	}
	if err != nil {
		return "", fmt.Errorf("gcc: %w\n%s", err, output)
	}
	return program, nil
}
