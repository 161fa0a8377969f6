package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/coreos/go-systemd/v22/activation"

	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/socket"
)

// healthQueue is how many connections to HEALTH_PORT may wait to be accepted, at most.
const healthQueue = 1024

// listeners are the listeners of the service.
type listeners struct {
	ws     net.Listener
	health net.Listener // nil if HEALTH_PORT is off
}

func (l listeners) close() {
	for _, ln := range []net.Listener{l.ws, l.health} {
		if ln != nil {
			ln.Close()
		}
	}
}

// listen takes the sockets that systemd has passed, and listens on the others. After an error,
// nothing is left open. queue is how many connections to a port may wait to be accepted; 0 is
// the system's default.
func listen(c *config.Config, queue int) (l listeners, err error) {
	if err := checkPassed(os.Getenv("LISTEN_PID"), os.Getenv("LISTEN_FDS")); err != nil {
		return l, err
	}
	if l, err = passed(activation.Files(true)); err != nil {
		return l, err
	}
	if l.ws == nil {
		l.ws, err = listenOn(address{"HOST", c.Host, "PORT", c.Port})
	}
	if err == nil && l.health == nil && c.HealthPort != 0 {
		l.health, err = listenOn(address{"HEALTH_HOST", c.HealthAddress(), "HEALTH_PORT", c.HealthPort})
	}
	if err == nil {
		err = prepare("PORT", l.ws, queue)
	}
	if err == nil {
		err = prepare("HEALTH_PORT", l.health, leastLimit(queue, healthQueue))
	}
	if err != nil {
		l.close()
		return listeners{}, err
	}
	return l, nil
}

// passed returns listeners for the sockets that systemd has passed (sd_listen_fds(3)). The socket
// for HEALTH_PORT is the one whose FileDescriptorName ends in health or health.socket, else the
// second.
func passed(files []*os.File) (l listeners, err error) {
	for _, file := range files {
		ln, wrong := net.FileListener(file) // with a duplicate of the descriptor
		if wrong == nil && !listens(file) {
			ln.Close()
			wrong = errors.New("it does not listen; a socket unit must not have Accept=yes")
		}
		file.Close()
		isHealth := strings.HasSuffix(strings.TrimSuffix(file.Name(), ".socket"), "health")
		switch {
		case wrong != nil:
			err = errors.Join(err, fmt.Errorf("LISTEN_FDS: the socket %s is not a stream socket that listens: %w", file.Name(), wrong))
		case l.health == nil && (isHealth || l.ws != nil):
			l.health = ln
		case l.ws == nil && !isHealth:
			l.ws = ln
		default:
			ln.Close()
			err = errors.Join(err, fmt.Errorf("LISTEN_FDS: the socket %s is one too many; the first is for PORT, and the second, or the one named health, for HEALTH_PORT", file.Name()))
		}
	}
	if err != nil {
		l.close()
		return listeners{}, err
	}
	return l, nil
}

// address is where to listen, and the settings that it comes from.
type address struct {
	hostName string
	host     config.Host
	portName string
	port     config.Port
}

func listenOn(a address) (net.Listener, error) {
	if path := a.host.Unix(); path != "" {
		ln, err := listenUnix(path)
		if err != nil {
			return nil, fmt.Errorf("cannot listen on %s=%s: %w", a.hostName, a.host, err)
		}
		return ln, nil
	}
	var c net.ListenConfig
	c.SetMultipathTCP(false) // connections do not inherit the options of such a listener
	ln, err := c.Listen(context.Background(), "tcp", net.JoinHostPort(string(a.host), strconv.Itoa(int(a.port))))
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s=%s %s=%d: %w", a.hostName, a.host, a.portName, a.port, err)
	}
	return ln, nil
}

// prepare sets the options that connections inherit from a TCP listener. ln may be nil.
func prepare(variable string, ln net.Listener, queue int) error {
	if tcp, is := ln.(*net.TCPListener); is {
		if err := socket.Prepare(tcp, queue); err != nil {
			return fmt.Errorf("cannot set the options of the socket of %s: %w", variable, err)
		}
	}
	return nil
}

// socketMode allows every local user to connect, as to a port. The permissions of the
// directory can restrict that.
const socketMode = 0o666

// listenUnix listens on a Unix socket. A path that begins with @ is abstract: it has no file.
func listenUnix(path string) (net.Listener, error) {
	if strings.HasPrefix(path, "@") {
		return net.Listen("unix", path)
	}
	if err := removeStale(path); err != nil {
		return nil, err
	}
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, socketMode); err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	ln.SetUnlinkOnClose(false)
	return &unixListener{ln, noteFile(path)}, nil
}

// unixListener is the listener of a Unix socket. Closing it removes its file.
type unixListener struct {
	*net.UnixListener
	file ownFile
}

func (l *unixListener) Close() error {
	l.file.remove()
	return l.UnixListener.Close()
}

// removeStale removes a socket that a killed server left. It returns an error if a server listens
// on the socket, or if the file is not a socket.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return errors.New("the file exists and is not a socket")
	}
	nc, err := net.Dial("unix", path)
	if err == nil {
		nc.Close()
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return cmp.Or(err, errors.New("another server is listening there"))
	}
	return os.Remove(path)
}
