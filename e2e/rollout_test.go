package e2e

import (
	"path/filepath"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	policyv1 "k8s.io/api/policy/v1"
)

// margin is for everything other than DRAIN_DELAY and DRAIN_TIMEOUT: delivering the signal, answering
// the last requests, ending the process.
const margin = 5 * time.Second

// linger is how long a connection lives after its CLOSE_TIMEOUT.
const linger = time.Second

func seconds[N int32 | int64](n N) time.Duration { return time.Duration(n) * time.Second }

// gracePeriod returns the time between SIGTERM and SIGKILL.
func gracePeriod(t *testing.T, m *manifests) time.Duration {
	t.Helper()
	if m.pod().TerminationGracePeriodSeconds == nil {
		t.Fatal("terminationGracePeriodSeconds is not set")
	}
	return seconds(*m.pod().TerminationGracePeriodSeconds)
}

func TestDrainFitsIntoTheGracePeriod(t *testing.T) {
	eachOverlay(t, func(t *testing.T, m *manifests) {
		config, grace := configuration(t, m), gracePeriod(t, m)
		if need := config.DrainDelay + config.DrainTimeout + margin; need >= grace {
			t.Errorf("DRAIN_DELAY=%v + DRAIN_TIMEOUT=%v + %v = %v, want less than the grace period of %v",
				config.DrainDelay, config.DrainTimeout, margin, need, grace)
		}
		if need := config.DrainSpread + config.CloseTimeout + linger; need >= config.DrainTimeout {
			t.Errorf("DRAIN_SPREAD=%v + CLOSE_TIMEOUT=%v + %v: the last client is cut at DRAIN_TIMEOUT=%v",
				config.DrainSpread, config.CloseTimeout, linger, config.DrainTimeout)
		}
		if config.DrainSpread == 0 {
			t.Error("DRAIN_SPREAD=0: all clients reconnect at once")
		}
		// Not both: a preStop hook would add to the time, and echosvc does not know about it.
		if config.DrainDelay == 0 || m.container().Lifecycle != nil {
			t.Errorf("DRAIN_DELAY=%v, lifecycle %v", config.DrainDelay, m.container().Lifecycle)
		}
		readiness := m.container().ReadinessProbe
		if notice := seconds(readiness.PeriodSeconds * readiness.FailureThreshold); config.DrainDelay < notice {
			t.Errorf("DRAIN_DELAY=%v ends before the readiness probe fails, which takes %v", config.DrainDelay, notice)
		}
	})
}

func TestRolloutReplacesOneByOne(t *testing.T) {
	spec := loadBase(t).deployment.Spec
	if spec.Strategy.Type != appsv1.RollingUpdateDeploymentStrategyType {
		t.Fatalf("the strategy is %q", spec.Strategy.Type)
	}
	update := spec.Strategy.RollingUpdate
	if update.MaxSurge.String() != "1" || update.MaxUnavailable.String() != "0" {
		t.Errorf("maxSurge %v, maxUnavailable %v", update.MaxSurge, update.MaxUnavailable)
	}
	if spec.MinReadySeconds == 0 {
		t.Error("minReadySeconds is 0: an old pod stops before proxies know the new one")
	}
}

// A wrong setting fails a rollout within two minutes. The deadline counts from the last progress, so a
// rollout of many pods may take longer, as long as one is available within it.
func TestProgressDeadline(t *testing.T) {
	eachOverlay(t, func(t *testing.T, m *manifests) {
		spec, startup := m.deployment.Spec, m.container().StartupProbe
		if spec.ProgressDeadlineSeconds == nil || seconds(*spec.ProgressDeadlineSeconds) > 100*time.Second {
			t.Fatal("a failing rollout is not reported within two minutes")
		}
		need := seconds(startup.PeriodSeconds*startup.FailureThreshold) + seconds(spec.MinReadySeconds)
		if got := seconds(*spec.ProgressDeadlineSeconds); got < 2*need {
			t.Errorf("progressDeadlineSeconds is %v; a pod may take %v, and its image has to be pulled", got, need)
		}
	})
}

func TestDisruptionBudget(t *testing.T) {
	eachOverlay(t, func(t *testing.T, m *manifests) {
		spec := m.budget.Spec
		if spec.MinAvailable != nil || spec.MaxUnavailable == nil || spec.MaxUnavailable.String() != "1" {
			t.Errorf("minAvailable %v, maxUnavailable %v", spec.MinAvailable, spec.MaxUnavailable)
		}
		if spec.UnhealthyPodEvictionPolicy == nil || *spec.UnhealthyPodEvictionPolicy != policyv1.AlwaysAllow {
			t.Error("a pod that is not ready blocks the draining of a node")
		}
	})
}

// The first rollout is complete only with both pods, with no autoscaler that adds one later.
func TestReplicas(t *testing.T) {
	for name := range overlays {
		want := int32(2)
		if name == "local" {
			want = 1
		}
		m := loadManifests(t, filepath.Join(manifestsDir, name))
		if got := m.deployment.Spec.Replicas; got == nil || *got != want {
			t.Errorf("%s: replicas %v, want %d", name, got, want)
		}
		if m.autoscaler != nil || m.scaledObject != nil {
			t.Errorf("%s has an autoscaler", name)
		}
	}
}
