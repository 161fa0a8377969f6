package e2e

import (
	"path/filepath"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
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

func TestProgressDeadlineCoversAllReplicas(t *testing.T) {
	m := loadBase(t)
	spec := m.deployment.Spec
	each := gracePeriod(t, m) + seconds(spec.MinReadySeconds)
	need := time.Duration(m.autoscaler.Spec.MaxReplicas) * each
	if spec.ProgressDeadlineSeconds == nil || seconds(*spec.ProgressDeadlineSeconds) <= need {
		t.Errorf("progressDeadlineSeconds is not more than %v, for %d replicas with %v each", need, m.autoscaler.Spec.MaxReplicas, each)
	}
}

func TestAutoscaler(t *testing.T) {
	m := loadBase(t)
	spec := m.autoscaler.Spec
	if target := spec.ScaleTargetRef; target.APIVersion != m.deployment.APIVersion || target.Kind != m.deployment.Kind || target.Name != m.deployment.Name {
		t.Errorf("the target is %v", target)
	}
	if m.deployment.Spec.Replicas != nil {
		t.Errorf("with replicas: %d, every apply overrides the autoscaler", *m.deployment.Spec.Replicas)
	}
	if spec.MinReplicas == nil || *spec.MinReplicas < 2 || spec.MaxReplicas <= *spec.MinReplicas {
		t.Errorf("%v to %d replicas, want a minimum of at least 2", spec.MinReplicas, spec.MaxReplicas)
	}
	if len(spec.Metrics) != 1 || spec.Metrics[0].Resource == nil || spec.Metrics[0].Resource.Name != corev1.ResourceCPU ||
		spec.Metrics[0].Resource.Target.AverageUtilization == nil {
		t.Error("the metric is not CPU utilization")
	}
}

func TestAutoscalerRemovesOnePodAtATime(t *testing.T) {
	m := loadBase(t)
	down := m.autoscaler.Spec.Behavior.ScaleDown
	if down.StabilizationWindowSeconds == nil || *down.StabilizationWindowSeconds < 300 {
		t.Error("a short lull removes pods")
	}
	if len(down.Policies) != 1 {
		t.Fatalf("%d policies, of which the one that removes most pods applies", len(down.Policies))
	}
	p := down.Policies[0]
	if p.Type != autoscalingv2.PodsScalingPolicy || p.Value != 1 || seconds(p.PeriodSeconds) <= gracePeriod(t, m) {
		t.Errorf("%d %s in %d s; the grace period is %v", p.Value, p.Type, p.PeriodSeconds, gracePeriod(t, m))
	}
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
		if m.autoscaler != nil && *m.autoscaler.Spec.MinReplicas <= spec.MaxUnavailable.IntVal {
			t.Errorf("the budget allows evicting %[2]d of %[1]d replicas, so none may be left", *m.autoscaler.Spec.MinReplicas, spec.MaxUnavailable.IntVal)
		}
	})
}

func TestLocalRunsOnePod(t *testing.T) {
	m := loadManifests(t, filepath.Join(manifestsDir, "local"))
	if replicas := m.deployment.Spec.Replicas; replicas == nil || *replicas != 1 {
		t.Errorf("replicas: %v", replicas)
	}
}
