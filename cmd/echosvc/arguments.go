package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/echosvc/echosvc/internal/config"
	"github.com/echosvc/echosvc/internal/query"
)

// errVersion means that the arguments request the version.
var errVersion = errors.New("version requested")

// parseSettings parses settings on the command line: -p 9000, --max-connections 100 or
// MAX_CONNECTIONS=100. It returns [flag.ErrHelp] or errVersion if they request that. With
// another error, it returns the settings before the wrong argument.
func parseSettings(args []string) (list []config.Argument, err error) {
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		switch {
		case asksForHelp(arg):
			return nil, flag.ErrHelp
		case asksForVersion(arg):
			return nil, errVersion
		}
		if port, attached := strings.CutPrefix(arg, "-p"); attached && port != "" && strings.Trim(port, "0123456789") == "" { // -p9000
			arg = "-p=" + port
		}
		name, value, whole := strings.Cut(arg, "=")
		setting, err := settingOf(name)
		if err != nil {
			return list, err
		}
		if !whole {
			if len(args) == 0 {
				return list, fmt.Errorf("%s needs a value: %s VALUE sets %s", name, name, setting)
			}
			value, args = args[0], args[1:]
		}
		list = append(list, config.Argument{Name: setting, Value: value})
	}
	return list, nil
}

func asksForHelp(arg string) bool {
	return arg == "help" || arg == "-h" || arg == "-help" || arg == "--help" || arg == "-?"
}

func asksForVersion(arg string) bool {
	return arg == "version" || arg == "-v" || arg == "-V" || arg == "-version" || arg == "--version"
}

// isSetting reports whether the first argument is a setting and not a command.
func isSetting(arg string) bool { return strings.HasPrefix(arg, "-") || strings.Contains(arg, "=") }

// settingOf returns the variable that an argument sets.
func settingOf(name string) (setting string, err error) {
	flagName, isFlag := strings.CutPrefix(name, "-")
	setting = strings.ToUpper(strings.ReplaceAll(strings.TrimPrefix(flagName, "-"), "-", "_"))
	meant := config.Nearest(setting)
	switch {
	case name == "-p" || name == "--p":
		return "PORT", nil
	case config.IsSetting(setting) && (isFlag || name == setting):
		return setting, nil
	case isFlag && meant != "":
		return "", fmt.Errorf("there is no flag %s; did you mean %s?", name, config.FlagName(meant))
	case isFlag:
		return "", fmt.Errorf("there is no flag %s; each setting is a flag, such as -p 9000 or --max-connections 100", name)
	case commands[name]:
		return "", fmt.Errorf("%q is a command; it must come before the settings", name)
	case meant != "":
		return "", fmt.Errorf("%q is not a setting; did you mean %s=VALUE?", name, meant)
	}
	return "", fmt.Errorf("%q is not a setting; settings are flags such as -p 9000 or --max-connections 100, or variables of the environment", name)
}

// meantBy returns a hint about what an unknown command was meant to be, or "".
func meantBy(command string) string {
	host, port, err := net.SplitHostPort(command)
	if err != nil {
		host, port = "", command
	}
	if _, err := strconv.ParseUint(port, 10, 16); err == nil {
		if host != "" {
			return fmt.Sprintf("; \"echosvc --host %s -p %s\" listens there", host, port)
		}
		return fmt.Sprintf("; \"echosvc -p %s\" listens on that port", port)
	}
	if slices.Contains([]string{"start", "run", "server", "listen"}, command) {
		return "; \"echosvc serve\" serves"
	}
	for _, name := range slices.Sorted(maps.Keys(commands)) {
		if len(command) <= query.MaxWord && query.EditDistance(command, name) <= len(name)/4 {
			return fmt.Sprintf("; did you mean \"echosvc %s\"?", name)
		}
	}
	return ""
}

// newFlags returns the flags of a command. Their errors are only returned.
func newFlags(command string) *flag.FlagSet {
	set := flag.NewFlagSet(command, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.Usage = func() {}
	return set
}

// parseFlags parses args. For -h it prints the usage and the flags, and returns [flag.ErrHelp].
func parseFlags(set *flag.FlagSet, args []string, usage string, stdout io.Writer) error {
	err := set.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		set.SetOutput(stdout)
		set.PrintDefaults()
	}
	return err
}

// duration is a flag. Its errors say what is allowed.
type duration time.Duration

func (d *duration) String() string { return time.Duration(*d).String() }

func (d *duration) Set(value string) error {
	parsed, err := time.ParseDuration(value)
	if err != nil {
		return errors.New("it must have a unit, such as 500ms, 10s or 1m30s")
	}
	*d = duration(parsed)
	return nil
}
