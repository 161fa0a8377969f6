package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/echosvc/echosvc/internal/wstest"
)

// openTerminal returns both ends of a pseudoterminal.
func openTerminal(t *testing.T) (screen, terminal *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("there are no pseudoterminals: ", err)
	}
	t.Cleanup(func() { screen.Close() })
	if err := unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { terminal.Close() })
	return screen, terminal
}

// startOnTerminal starts echosvc as a process whose terminal is terminal, and its stdin if that
// is nil.
func startOnTerminal(t *testing.T, terminal, stdin *os.File, environment ...string) *exec.Cmd {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(wstest.Environment(asProgram+"=1"), append(slices.Clip(serveForTest), environment...)...)
	command.Stdin, command.Stdout, command.Stderr = terminal, terminal, terminal
	if stdin != nil {
		command.Stdin = stdin
	}
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 1}
	heedHangups(t)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
	})
	terminal.Close()
	return command
}

// lineWith waits for a line on the screen that contains text.
func lineWith(t *testing.T, screen *bufio.Reader, text string) string {
	t.Helper()
	for {
		line, err := screen.ReadString('\n')
		if err != nil {
			t.Fatalf("the screen ended with %v before %q", err, text)
		}
		if strings.Contains(line, text) {
			return line
		}
	}
}

// TestFirstLineOnATerminal has the URL to click.
func TestFirstLineOnATerminal(t *testing.T) {
	for _, level := range []string{"info", "error"} {
		screen, terminal := openTerminal(t)
		startOnTerminal(t, terminal, nil, "LOG_LEVEL="+level)
		line, err := bufio.NewReader(screen).ReadString('\n')
		want := regexp.MustCompile(`^Open (http://127\.0\.0\.1:\d+/) or connect to ws://127\.0\.0\.1:\d+/; health is at http://127\.0\.0\.1:\d+/healthz\r\n$`)
		if err != nil || !want.MatchString(line) {
			t.Errorf("with LOG_LEVEL=%s the first line is %q, %v", level, line, err)
		}
	}
}

// TestHangupOfTheTerminal ends the process like SIGTERM, also if stdin is not the terminal.
// SIGHUP without a hangup only reloads the certificate.
func TestHangupOfTheTerminal(t *testing.T) {
	for _, name := range []string{"terminal", os.DevNull} {
		t.Run(name, func(t *testing.T) {
			screen, terminal := openTerminal(t)
			var stdin *os.File
			if name == os.DevNull {
				var err error
				if stdin, err = os.Open(name); err != nil {
					t.Fatal(err)
				}
				defer stdin.Close()
			}
			command := startOnTerminal(t, terminal, stdin, "LOG_LEVEL=debug", "DRAIN_SPREAD=0")
			reader := bufio.NewReader(screen)
			line := lineWith(t, reader, "Open ")
			addr := strings.TrimSuffix(strings.TrimPrefix(strings.Fields(line)[1], "http://"), "/")
			lineWith(t, reader, `"msg":"serving"`)
			c := wstest.Dial(t, addr)
			command.Process.Signal(syscall.SIGHUP)
			c.Send(wstest.Frame(0x81, "still"))
			c.Expect(wstest.ServerFrame{First: 0x81, Payload: "still"})
			screen.Close() // hangs up
			f, err := c.Frame()
			if err != nil || f.First != 0x88 || f.Payload[:2] != "\x03\xe9" {
				t.Fatalf("read %v, %v; want a close frame with 1001", f, err)
			}
			c.Send(wstest.Frame(0x88, "\x03\xe9"))
			c.ExpectEnd()
			if err := command.Wait(); err != nil {
				t.Errorf("the process ended with %v", err)
			}
		})
	}
}
