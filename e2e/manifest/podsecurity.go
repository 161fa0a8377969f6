package manifest

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// PodViolations returns the reasons for which the API server rejects pods at a level of the Pod
// Security Standards.
func PodViolations(level api.LevelVersion, template *corev1.PodTemplateSpec) ([]string, error) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return nil, err
	}
	var reasons []string
	for _, result := range evaluator.EvaluatePod(level, &template.ObjectMeta, &template.Spec) {
		if !result.Allowed {
			reasons = append(reasons, result.ForbiddenReason+": "+result.ForbiddenDetail)
		}
	}
	return reasons, nil
}

// Restricted is the strictest level.
var Restricted = api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
