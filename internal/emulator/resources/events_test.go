package resources

import (
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/lambda"
)

func TestUnsupportedTarget_DescribesTargetsThatReceiveNoEvents(t *testing.T) {
	p := NewProvider(Services{}, Config{})
	p.functions = []*function{{Function: lambda.Function{Name: "notify"}}}
	for arn, want := range map[string]string{
		"arn:aws:sqs:us-east-1:000000000000:queue":              "",
		"arn:aws:lambda:us-east-1:000000000000:function:notify": "",
		"arn:aws:lambda:us-east-1:000000000000:function:page":   "function page, which is not run",
		"arn:aws:sns:us-east-1:000000000000:alarms":             "sns alarms",
	} {
		if got := p.unsupportedTarget(arn); got != want {
			t.Errorf("%s: %q, want %q", arn, got, want)
		}
	}
}
