package service

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/echosvc/echosvc/internal/config"
)

func TestOwnFileIsRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "urls")
	if err := writeFile(path, "mine"); err != nil {
		t.Fatal(err)
	}
	mine := noteFile(path)
	if err := writeFile(path, "another's"); err != nil {
		t.Fatal(err)
	}
	mine.remove()
	if got, err := os.ReadFile(path); err != nil || string(got) != "another's" {
		t.Errorf("the file of another has %q, %v", got, err)
	}
	noteFile(path).remove()
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the own file is left: %v", err)
	}
}

// TestFilesOfTheNextServerStay: it is started while the last one drains.
func TestFilesOfTheNextServerStay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	var file string
	runUntil(t, func(c *config.Config) { c.Host = config.Host("unix:" + path) }, func(s *Service, _ string) {
		file = s.config.PortFile
		if err := writeFile(file, "next"); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		next, err := listenUnix(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { next.Close() })
	})
	for _, name := range []string{path, file} {
		if _, err := os.Lstat(name); err != nil {
			t.Error(err)
		}
	}
}
