package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// instruction is an instruction of a Dockerfile: its name in capitals, its flags, and the
// rest.
type instruction struct {
	name, arguments string
	flags           []string
}

// finalStage returns the instructions after the last FROM of a Dockerfile. It parses comments
// and continued lines, but not heredocs, escape directives and expansion, which ours does not
// use.
func finalStage(dockerfile string) []instruction {
	var stage []instruction
	var continued string
	for line := range strings.Lines(dockerfile) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		continued += line
		if begin, more := strings.CutSuffix(continued, `\`); more {
			continued = begin
			continue
		}
		name, arguments, _ := strings.Cut(continued, " ")
		continued = ""
		i := instruction{name: strings.ToUpper(name)}
		for arguments = strings.TrimSpace(arguments); strings.HasPrefix(arguments, "--"); arguments = strings.TrimSpace(arguments) {
			var flag string
			flag, arguments, _ = strings.Cut(arguments, " ")
			i.flags = append(i.flags, flag)
		}
		i.arguments = arguments
		if i.name == "FROM" {
			stage = nil
		}
		stage = append(stage, i)
	}
	return stage
}

// last returns the arguments of the last instruction of a name: the one that counts.
func last(stage []instruction, name string) string {
	for _, i := range slices.Backward(stage) {
		if i.name == name {
			return i.arguments
		}
	}
	return ""
}

// execForm parses ["a", "b"]. The shell form is an error: it needs a shell, which would get
// the stop signal.
func execForm(arguments string) (command []string, err error) {
	if err := json.Unmarshal([]byte(arguments), &command); err != nil {
		return nil, fmt.Errorf("%q is not in exec form: %w", arguments, err)
	}
	return command, nil
}

func finalStageOfImage(t *testing.T) []instruction {
	t.Helper()
	text, err := os.ReadFile("../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	return finalStage(string(text))
}

func TestImageRunsTheBinary(t *testing.T) {
	stage := finalStageOfImage(t)
	entrypoint, err := execForm(last(stage, "ENTRYPOINT"))
	if err != nil || !slices.Equal(entrypoint, []string{"/echosvc"}) {
		t.Errorf("ENTRYPOINT %v, %v", entrypoint, err)
	}
	if command := last(stage, "CMD"); command != "" {
		t.Errorf("CMD %s would be an argument of the binary", command)
	}
	if signal := last(stage, "STOPSIGNAL"); signal != "SIGTERM" {
		t.Errorf("STOPSIGNAL %s", signal)
	}
	// The entry point alone decides what runs, here and in a pod.
	eachOverlay(t, func(t *testing.T, m *manifests) {
		if c := m.container(); len(c.Command) != 0 || len(c.Args) != 0 {
			t.Errorf("command %v, args %v", c.Command, c.Args)
		}
	})
}

func TestImageHealthcheck(t *testing.T) {
	check := last(finalStageOfImage(t), "HEALTHCHECK")
	arguments, ok := strings.CutPrefix(check, "CMD ")
	if !ok {
		t.Fatalf("HEALTHCHECK %s", check)
	}
	command, err := execForm(arguments)
	if err != nil || !slices.Equal(command, []string{"/echosvc", "healthcheck"}) {
		t.Errorf("HEALTHCHECK CMD %v, %v", command, err)
	}
}

func TestImageUser(t *testing.T) {
	got := last(finalStageOfImage(t), "USER")
	eachOverlay(t, func(t *testing.T, m *manifests) {
		security := m.pod().SecurityContext
		if want := fmt.Sprintf("%d:%d", *security.RunAsUser, *security.RunAsGroup); got != want {
			t.Errorf("USER %s, the pod runs as %s", got, want)
		}
	})
}

func TestImagePorts(t *testing.T) {
	var got []string
	for _, i := range finalStageOfImage(t) {
		if i.name == "EXPOSE" {
			got = append(got, strings.Fields(i.arguments)...)
		}
	}
	slices.Sort(got)
	eachOverlay(t, func(t *testing.T, m *manifests) {
		var want []string
		for _, port := range m.container().Ports {
			want = append(want, fmt.Sprint(port.ContainerPort))
		}
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("EXPOSE %v, the container has %v", got, want)
		}
	})
}

func TestFinalStage(t *testing.T) {
	stage := finalStage(`FROM golang:1.26 AS build
USER root
EXPOSE 1

FROM scratch
# a comment
LABEL a="1" \
      # one between
      b="2"
healthcheck --interval=10s --timeout=3s \
    CMD ["/a", "b"]
EXPOSE 80 81
USER 0
USER 7:8
`)
	for name, want := range map[string]string{
		"LABEL": `a="1" b="2"`, "HEALTHCHECK": `CMD ["/a", "b"]`, "EXPOSE": "80 81", "USER": "7:8", "ENTRYPOINT": "",
	} {
		if got := last(stage, name); got != want {
			t.Errorf("%s %q, want %q", name, got, want)
		}
	}
	if flags := stage[2].flags; !slices.Equal(flags, []string{"--interval=10s", "--timeout=3s"}) {
		t.Errorf("flags %v", flags)
	}
	if command, err := execForm("/echosvc healthcheck"); err == nil {
		t.Errorf("the shell form was read as %v", command)
	}
}
