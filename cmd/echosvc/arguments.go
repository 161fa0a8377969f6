package main

import (
	"errors"
	"flag"
	"fmt"
	"strings"

	"github.com/echosvc/echosvc/internal/config"
)

// errVersion means that the arguments ask for the version.
var errVersion = errors.New("the version is asked for")

// parseSettings parses settings on the command line: -p 9000, --max-connections 100 or
// MAX_CONNECTIONS=100. It returns [flag.ErrHelp] or errVersion if they ask for that. With another
// error it returns the settings in front of what is wrong.
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
	switch setting = strings.ToUpper(strings.ReplaceAll(strings.TrimPrefix(flagName, "-"), "-", "_")); {
	case name == "-p":
		return "PORT", nil
	case config.IsSetting(setting) && (isFlag || name == setting):
		return setting, nil
	case !isFlag:
		return "", fmt.Errorf("%q is not a setting; settings are flags such as -p 9000 or --max-connections 100, or variables of the environment", name)
	}
	if meant := config.Nearest(setting); meant != "" {
		return "", fmt.Errorf("there is no flag %s; did you mean %s?", name, config.FlagName(meant))
	}
	return "", fmt.Errorf("there is no flag %s; each setting is a flag, such as -p 9000 or --max-connections 100", name)
}
