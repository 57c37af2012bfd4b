package test

import (
	"fmt"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/logging"
)

// The emulator must not import package logging, so it has its own names for the log messages.
func TestSteps_HaveTheNamesThatFollowFromTheLogMessages(t *testing.T) {
	for message, want := range map[string]string{
		logging.EventAccepted:  activity.Accepted,
		logging.EventProcessed: activity.Processed,
		logging.EventFiltered:  activity.Filtered,
		logging.EventRetried:   activity.Retried,
		logging.EventFailed:    activity.Failed,
	} {
		line := fmt.Sprintf(`{"msg":%q}`, message)
		if got := activity.ParseLogLine(time.Time{}, "worker", line).Name; got != want {
			t.Errorf("the message %q has the step %q, want %q", message, got, want)
		}
	}
}
