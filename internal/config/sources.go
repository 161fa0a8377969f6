package config

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"text/tabwriter"
)

// Argument is a setting on the command line. It takes precedence over the environment.
type Argument struct {
	Name  string // of the variable
	Value string
}

// FlagName returns the flag of a setting: --max-connections for MAX_CONNECTIONS.
func FlagName(setting string) string {
	return "--" + strings.ReplaceAll(strings.ToLower(setting), "_", "-")
}

// IsSetting reports whether a variable of that name is a setting.
func IsSetting(name string) bool {
	return slices.Contains(settingNames(), name)
}

// settingNames returns the names of all settings.
func settingNames() (names []string) {
	for field := range reflect.TypeFor[Config]().Fields() {
		names = append(names, field.Tag.Get("envconfig"))
	}
	return names
}

// setting is a setting in force.
type setting struct {
	name   string
	value  string // as it was given
	source string // default, environment or argument
}

// inForce returns a setting: its last argument, else its environment variable, else its default.
// An empty value means the default, unless empty has a meaning of its own: Compose files and shells
// set a variable to "" when they mean none.
func inForce(tag reflect.StructTag, arguments []Argument) setting {
	s := setting{tag.Get("envconfig"), tag.Get("default"), "default"}
	given := func(text, source string) {
		if text != "" || tag.Get("empty") != "" {
			s.value, s.source = text, source
		}
	}
	if text, set := os.LookupEnv(s.name); set {
		given(text, "environment")
	}
	for _, argument := range arguments {
		if argument.Name == s.name {
			given(argument.Value, "argument")
		}
	}
	return s
}

// WriteSettings writes a line for each setting in force: its name, value and source. For an empty
// value it writes the meaning, in parentheses.
func WriteSettings(w io.Writer, arguments ...Argument) error {
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for field := range reflect.TypeFor[Config]().Fields() {
		s := inForce(field.Tag, arguments)
		fmt.Fprintf(columns, "%s\t%s\t%s\n", s.name, cmp.Or(s.value, "("+field.Tag.Get("empty")+")"), s.source)
	}
	return columns.Flush()
}

// WriteHelp writes a line for each setting: its name, default and meaning. envconfig.Usage would
// link text/template, with which the linker keeps every exported method: 1.6 MB in all.
func WriteHelp(w io.Writer) error {
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for field := range reflect.TypeFor[Config]().Fields() {
		fmt.Fprintf(columns, "  %s\t%s\t%s\n", field.Tag.Get("envconfig"), field.Tag.Get("default"), meaning(field.Tag))
	}
	return columns.Flush()
}

// meaning returns the description of a setting, with the meanings of 0 and empty.
func meaning(tag reflect.StructTag) string {
	text := tag.Get("desc")
	for _, special := range [][2]string{{"zero", "0"}, {"empty", "empty"}} {
		if means := tag.Get(special[0]); means != "" {
			text += "; " + special[1] + ": " + means
		}
	}
	return text
}
