package eventpipeline_test

import "github.com/aws/jsii-runtime-go"

func invalidAlarmThresholds() map[string]invalidProps {
	missingRuns := func(n float64) *alarmThresholds {
		return &alarmThresholds{ReconcilerMissingRuns: &n}
	}
	return map[string]invalidProps{
		"AlarmThresholds": invalid(
			props{AlarmThresholds: &alarmThresholds{
				OldestMessage: seconds(0), ApiServerErrors: jsii.Number(0),
			}},
			"AlarmThresholds.OldestMessage 1 0", "AlarmThresholds.ApiServerErrors 1 0"),
		"MissingRunsOfZero": invalid(
			props{AlarmThresholds: missingRuns(0)}, "AlarmThresholds.ReconcilerMissingRuns 1 0"),
		"MissingRunsFraction": invalid(props{AlarmThresholds: missingRuns(1.5)},
			"AlarmThresholds.ReconcilerMissingRuns 1 96 1.5"),
		"MissingRunsOfMoreThanADay": invalid(props{AlarmThresholds: missingRuns(97)},
			"AlarmThresholds.ReconcilerMissingRuns 1 96 97 CloudWatch"),
		"MissingRunsOfMoreThanAWeek": invalid(
			props{AlarmThresholds: missingRuns(169), ReconcilerInterval: hours(1)},
			"AlarmThresholds.ReconcilerMissingRuns 1 168 169 CloudWatch"),
		"MissingRunsWithoutSchedule": invalid(
			props{AlarmThresholds: missingRuns(4), ReconcilerEnabled: jsii.Bool(false)},
			"AlarmThresholds.ReconcilerMissingRuns ReconcilerEnabled"),
		"RefusedSignaturesWithoutWebhooks": invalid(
			props{AlarmThresholds: &alarmThresholds{RefusedSignatures: jsii.Number(1)}},
			"AlarmThresholds.RefusedSignatures Webhooks"),
	}
}
