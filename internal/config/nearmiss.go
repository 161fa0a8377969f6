package config

import (
	"slices"
	"strings"

	"github.com/echosvc/echosvc/internal/query"
)

// NearMiss is a variable that is not a setting but looks like one.
type NearMiss struct {
	Name  string
	Meant string // the setting that it looks like
}

func (n NearMiss) String() string {
	return n.Name + " is not a setting of this server; did you mean " + n.Meant + "?"
}

// NearMisses returns the variables of an environment, in the form of [os.Environ], that were
// most likely meant as a setting. Other programs have variables too, so a near miss must have the
// words of a setting, and at least one of them without an error.
func NearMisses(environ []string) (list []NearMiss) {
	names := settingNames()
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		if slices.Contains(names, name) || strings.HasPrefix(value, "tcp://") || strings.HasPrefix(value, "udp://") {
			continue // a Service of Kubernetes sets NAME_PORT=tcp://...
		}
		if meant := Nearest(name); meant != "" {
			list = append(list, NearMiss{name, meant})
		}
	}
	slices.SortFunc(list, func(a, b NearMiss) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// prefix is often put before the name of a setting.
const prefix = "ECHOSVC_"

// Nearest returns the setting that is most likely meant by a name, or "".
func Nearest(name string) string {
	name = strings.TrimPrefix(strings.NewReplacer("-", "_", ".", "_").Replace(strings.ToUpper(name)), prefix)
	best, least := "", 1000
	for _, setting := range settingNames() {
		if d, near := wordsDistance(name, setting); near && d < least {
			best, least = setting, d
		}
	}
	return best
}

// wordsDistance returns the distance of a name from a setting, and whether that is near.
func wordsDistance(name, setting string) (distance int, near bool) {
	if strings.ReplaceAll(name, "_", "") == strings.ReplaceAll(setting, "_", "") {
		return 0, true
	}
	got, want := strings.Split(name, "_"), strings.Split(setting, "_")
	if len(got) > 1 && strings.HasPrefix(setting, name+"_") { // TLS_CERT
		return 1, true
	}
	if len(got) != len(want) || len(want) == 1 && len(setting) < 7 { // PORT and HOST are near too many words
		return 0, false
	}
	right := len(want) == 1
	for i := range want {
		d, near := wordDistance(got[i], want[i])
		if !near {
			return 0, false
		}
		right = right || d == 0
		distance += d
	}
	return distance, right
}

// wordDistance returns the distance between two words, and whether that is near: a plural or
// singular, an abbreviation, or a typing error after the first letter.
func wordDistance(got, want string) (distance int, near bool) {
	switch {
	case got == want:
		return 0, true
	case singular(got) == singular(want), len(got) >= 3 && strings.HasPrefix(want, singular(got)):
		return 1, true
	case got == "" || got[0] != want[0] || len(got) > query.MaxWord:
		return 0, false
	}
	distance = query.EditDistance(got, want)
	return distance, distance <= 1+len(want)/8
}

// singular returns the singular of an English noun in upper case.
func singular(word string) string {
	if stem, is := strings.CutSuffix(word, "IES"); is {
		return stem + "Y"
	}
	return strings.TrimSuffix(word, "S")
}
