package e2e

import (
	"path/filepath"
	"strconv"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// selects reports whether a selector matches labels.
func selects(t *testing.T, selector *metav1.LabelSelector, set map[string]string) bool {
	t.Helper()
	s, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		t.Fatal(err)
	}
	return s.Matches(labels.Set(set))
}

func TestSelectorsMatchThePods(t *testing.T) {
	eachOverlay(t, checkSelectors)
}

func TestService(t *testing.T) {
	eachOverlay(t, func(t *testing.T, m *manifests) {
		if len(m.service.Spec.Ports) != 1 {
			t.Fatalf("%d ports, want only the WebSocket port", len(m.service.Spec.Ports))
		}
		port := m.service.Spec.Ports[0]
		if port.TargetPort != intstr.FromString("ws") {
			t.Errorf("the target port is %v", &port.TargetPort)
		}
		if port.AppProtocol == nil || *port.AppProtocol != "kubernetes.io/ws" {
			t.Error("appProtocol does not tell gateways that this is WebSocket")
		}
		if port.Protocol != "" && port.Protocol != corev1.ProtocolTCP {
			t.Errorf("the protocol is %s", port.Protocol)
		}
	})
}

// servicePort checks that a backend refers to the Service and to one of its ports.
func servicePort(t *testing.T, m *manifests, name string, matches func(corev1.ServicePort) bool) {
	t.Helper()
	if name != m.service.Name {
		t.Errorf("the backend is %q, the Service is %q", name, m.service.Name)
	}
	for _, port := range m.service.Spec.Ports {
		if matches(port) {
			return
		}
	}
	t.Errorf("the Service does not have the backend's port")
}

func TestRoute(t *testing.T) {
	for overlay, wantTimeout := range map[string]bool{"gateway": false, "gateway-timeouts": true} {
		t.Run(overlay, func(t *testing.T) {
			m := loadManifests(t, filepath.Join(manifestsDir, overlay))
			spec := m.route.Spec
			if len(spec.ParentRefs) != 1 || spec.ParentRefs[0].Namespace == nil {
				t.Fatal("want one Gateway, with its namespace")
			}
			if len(spec.Hostnames) == 0 {
				t.Error("the route takes every host name of the Gateway")
			}
			if len(spec.Rules) != 1 || len(spec.Rules[0].Matches) != 1 || len(spec.Rules[0].BackendRefs) != 1 {
				t.Fatal("want one rule with one match and one backend")
			}
			rule := spec.Rules[0]
			path := rule.Matches[0].Path
			if *path.Type != gatewayv1.PathMatchPathPrefix || *path.Value != "/" {
				t.Errorf("the route matches %s %s, want every path", *path.Type, *path.Value)
			}
			backend := rule.BackendRefs[0]
			servicePort(t, m, string(backend.Name), func(p corev1.ServicePort) bool { return p.Port == *backend.Port })
			switch {
			case !wantTimeout && rule.Timeouts != nil:
				t.Error("there are timeouts, which not every gateway accepts")
			case wantTimeout && (rule.Timeouts == nil || rule.Timeouts.Request == nil):
				t.Error("there is no timeouts.request")
			case wantTimeout:
				if d, err := time.ParseDuration(string(*rule.Timeouts.Request)); err != nil || d != 0 {
					t.Errorf("timeouts.request is %s, want 0s, which turns it off", *rule.Timeouts.Request)
				}
			}
		})
	}
}

func TestIngress(t *testing.T) {
	m := loadManifests(t, filepath.Join(manifestsDir, "ingress"))
	spec := m.ingress.Spec
	if spec.IngressClassName == nil || *spec.IngressClassName == "" {
		t.Error("there is no class, so it is up to chance whether a controller takes it")
	}
	if len(spec.Rules) != 1 || spec.Rules[0].Host == "" || len(spec.Rules[0].HTTP.Paths) != 1 {
		t.Fatal("want one rule with a host and one path")
	}
	path := spec.Rules[0].HTTP.Paths[0]
	if *path.PathType != networkingv1.PathTypePrefix || path.Path != "/" {
		t.Errorf("the rule matches %s %s, want every path", *path.PathType, path.Path)
	}
	backend := path.Backend.Service
	servicePort(t, m, backend.Name, func(p corev1.ServicePort) bool { return p.Name == backend.Port.Name })

	ping := configuration(t, m).PingInterval
	for _, name := range []string{"proxy-read-timeout", "proxy-send-timeout"} {
		value := m.ingress.Annotations["nginx.ingress.kubernetes.io/"+name]
		seconds, err := strconv.Atoi(value) // nginx ignores a value with a unit
		if err != nil {
			t.Errorf("%s is %q, want a number of seconds", name, value)
		}
		if timeout := time.Duration(seconds) * time.Second; timeout < time.Hour || timeout <= 2*ping {
			t.Errorf("%s is %v, pings come every %v", name, timeout, ping)
		}
	}
}
