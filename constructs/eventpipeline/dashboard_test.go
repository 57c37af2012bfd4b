package eventpipeline_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

func TestDashboard_ShowsAlarmsAndMetrics(t *testing.T) {
	s := synth.DefaultPipeline(t)
	var body struct {
		Widgets []struct {
			Type       string
			Properties struct {
				Title   string
				Alarms  []string
				Metrics [][]any
			}
		}
	}
	dashboard := s.Resource(t, "Dashboard", "AWS::CloudWatch::Dashboard")
	text := dashboard.Properties["DashboardBody"].(string)
	if err := json.Unmarshal([]byte(text), &body); err != nil {
		t.Fatalf("read the dashboard: %v", err)
	}
	shown := map[string]string{}
	for _, widget := range body.Widgets {
		for _, alarm := range widget.Properties.Alarms {
			shown[alarm] = widget.Properties.Title
		}
		for _, metric := range widget.Properties.Metrics {
			name := fmt.Sprint(metric[1], " of ", metric[3])
			if metric[0] == "EventPipeline" { // from a function's log lines
				name = "reported " + name
			}
			shown[name] = widget.Properties.Title
		}
	}
	for id := range alarms {
		if shown["${"+id+".Arn}"] != "Alarms" {
			t.Errorf("dashboard must show %s", id)
		}
	}
	for metric, title := range map[string]string{
		"reported Accepted of ${Queue.QueueName}":  "Events",
		"reported Processed of ${Queue.QueueName}": "Events",
		"reported Failed of ${Queue.QueueName}":    "Events",

		"Count of ${HttpApi}":   "API requests",
		"4xx of ${HttpApi}":     "API requests",
		"5xx of ${HttpApi}":     "API requests",
		"Latency of ${HttpApi}": "API latency (p99)",
		"ApproximateNumberOfMessagesVisible of ${Queue.QueueName}":           "Queue",
		"ApproximateNumberOfMessagesVisible of ${DeadLetterQueue.QueueName}": "Queue",

		"ApproximateNumberOfMessagesVisible of ${NotificationDeadLetterQueue.QueueName}": "Queue",

		"ApproximateAgeOfOldestMessage of ${Queue.QueueName}": "Oldest message's age",

		"Errors of ${WorkerFunction}":                  "Worker",
		"Throttles of ${WorkerFunction}":               "Worker",
		"Duration of ${WorkerFunction}":                "Worker duration (p99)",
		"reported Reenqueued of ${ReconcilerFunction}": "Repaired by the reconciler",
		"reported GivenUp of ${ReconcilerFunction}":    "Repaired by the reconciler",

		"reported Orphans of ${ReconcilerFunction}": "" +
			"Requests never acknowledged (orphans in Bronze)",

		"reported Errors of ${ReconcilerFunction}": "Reconciler",
		"Errors of ${ReconcilerFunction}":          "Reconciler",
	} {
		if shown[metric] != title {
			t.Errorf("widget of %s = %q, want %q", metric, shown[metric], title)
		}
	}
}
