package service

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/echosvc/echosvc/internal/config"
)

// announce prints where the service listens: on a terminal as links, otherwise as URLs if PORT
// is 0. It also writes the URLs to PORT_FILE.
func (s *Service) announce(l listeners, stdout io.Writer) error {
	http, ws := "http", "ws"
	if s.config.TLSCertFile != "" {
		http, ws = "https", "wss"
	}
	page := urlOf(http, s.config.Host, l.ws, "/")
	echo := urlOf(ws, s.config.Host, l.ws, "/")
	health := urlOf(http, s.config.Host, l.ws, "/healthz")
	if l.health != nil {
		health = urlOf("http", s.config.HealthAddress(), l.health, "/healthz")
	}
	line := echo + " " + health + "\n"
	if err := writePortFile(s.config.PortFile, line); err != nil { // before a script reads that the server listens
		return fmt.Errorf("cannot write PORT_FILE=%s: %w", s.config.PortFile, err)
	}
	switch {
	case isTerminal(stdout):
		fmt.Fprintf(stdout, "Open %s or connect to %s; health is at %s\n", page, echo, health)
	case s.config.Port == 0:
		io.WriteString(stdout, line)
	}
	return nil
}

// urlOf returns the URL of a path at a listener, for clients on this machine. If host is a name,
// the URL has it too, since a certificate may be for that name. No URL of a Unix socket is known to
// all clients, so the result for one is its path after "unix:".
func urlOf(scheme string, host config.Host, ln net.Listener, path string) string {
	tcp, ok := ln.Addr().(*net.TCPAddr)
	if !ok {
		return "unix:" + ln.Addr().String()
	}
	name := tcp.AddrPort().Addr().Unmap().String()
	switch _, err := netip.ParseAddr(string(host)); {
	case tcp.IP.Equal(net.IPv4zero):
		name = "127.0.0.1"
	case tcp.IP.IsUnspecified():
		name = "localhost"
	case err != nil && host != "" && host.Unix() == "":
		name = string(host)
	}
	u := url.URL{Scheme: scheme, Host: net.JoinHostPort(name, fmt.Sprint(tcp.Port)), Path: path}
	return u.String()
}

// writePortFile writes PORT_FILE, unless name is empty. It replaces only a regular file, because a
// server that runs as root could otherwise replace a device such as /dev/null.
func writePortFile(name, text string) error {
	if name == "" {
		return nil
	}
	if info, err := os.Lstat(name); err == nil && !info.Mode().IsRegular() {
		return errors.New("it exists and is not a regular file")
	}
	err := writeFile(name, text)
	if path, is := errors.AsType[*fs.PathError](err); is {
		return path.Err // without the name of the temporary file
	}
	return err
}

// writeFile writes a file so that a reader finds all of the text or no file.
func writeFile(name, text string) error {
	file, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	_, err = io.Copy(file, strings.NewReader(text))
	if err == nil {
		err = file.Chmod(0o644)
	}
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		os.Remove(file.Name())
	}
	return err
}
