package e2e

import (
	"path/filepath"
	"slices"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// outside stands for a client outside the cluster.
const outside = ""

// admits reports whether a policy lets every pod of a namespace connect to a port of the pods.
func admits(t *testing.T, policy *networkingv1.NetworkPolicy, namespace string, port int32) bool {
	t.Helper()
	return slices.ContainsFunc(policy.Spec.Ingress, func(rule networkingv1.NetworkPolicyIngressRule) bool {
		from := len(rule.From) == 0 || slices.ContainsFunc(rule.From, func(peer networkingv1.NetworkPolicyPeer) bool {
			return peer.IPBlock == nil && peer.PodSelector == nil && namespace != outside &&
				selects(t, peer.NamespaceSelector, map[string]string{"kubernetes.io/metadata.name": namespace})
		})
		return from && slices.ContainsFunc(rule.Ports, func(p networkingv1.NetworkPolicyPort) bool { return p.Port.IntVal == port })
	})
}

func TestNetworkPolicyIngress(t *testing.T) {
	const anyNamespace = "anything"
	tests := map[string]struct{ traffic, noTraffic []string }{
		".":                {traffic: []string{outside, anyNamespace}},
		"base":             {traffic: []string{outside, anyNamespace}},
		"local":            {traffic: []string{outside, anyNamespace}},
		"monitoring":       {traffic: []string{outside, anyNamespace}},
		"gateway":          {traffic: []string{"gateway", "envoy-gateway-system"}, noTraffic: []string{outside, anyNamespace}},
		"gateway-timeouts": {traffic: []string{"gateway", "envoy-gateway-system"}, noTraffic: []string{outside, anyNamespace}},
		"ingress":          {traffic: []string{"ingress-nginx", "haproxy-controller", "traefik", "kube-system"}, noTraffic: []string{outside, anyNamespace}},
	}
	for name := range overlays {
		t.Run(name, func(t *testing.T) {
			m := loadManifests(t, filepath.Join(manifestsDir, name))
			ws, health := m.containerPort(t, "ws"), m.containerPort(t, "health")
			for _, from := range tests[name].traffic {
				if !admits(t, m.networkPolicy, from, ws) {
					t.Errorf("%q cannot connect to the WebSocket port", from)
				}
				if admits(t, m.networkPolicy, from, health) {
					t.Errorf("%q can connect to the health port", from)
				}
			}
			for _, from := range tests[name].noTraffic {
				if admits(t, m.networkPolicy, from, ws) {
					t.Errorf("%q can connect to the WebSocket port", from)
				}
			}
			if !admits(t, m.networkPolicy, "monitoring", health) {
				t.Error("monitoring cannot connect to the health port")
			}
			if m.route != nil {
				gateway := string(*m.route.Spec.ParentRefs[0].Namespace)
				if !admits(t, m.networkPolicy, gateway, ws) {
					t.Errorf("the policy blocks %q, the namespace of the route's Gateway", gateway)
				}
			}
		})
	}
}

func TestNetworkPolicyBlocksEgress(t *testing.T) {
	eachOverlay(t, func(t *testing.T, m *manifests) {
		spec := m.networkPolicy.Spec
		for _, direction := range []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress} {
			if !slices.Contains(spec.PolicyTypes, direction) {
				t.Errorf("the policy does not cover %s", direction)
			}
		}
		if len(spec.Egress) != 0 {
			t.Errorf("pods can open connections: %v", spec.Egress)
		}
	})
}

func TestAdmits(t *testing.T) {
	m := loadBase(t)
	health := m.containerPort(t, "health")
	policy := m.networkPolicy.DeepCopy()
	policy.Spec.Ingress[1].From[0].NamespaceSelector = &metav1.LabelSelector{}
	if !admits(t, policy, "anything", health) {
		t.Error("an empty selector does not match")
	}
	policy.Spec.Ingress = nil
	if admits(t, policy, "monitoring", health) {
		t.Error("a policy without rules admits")
	}
}
