package emulator

import (
	"regexp"
	"strings"
	"testing"
)

func TestPhysicalName_IsStableAndHoldsStackAndLogicalID(t *testing.T) {
	name := physicalName("pipeline", "BronzeBucket1234", 63)
	if name != physicalName("pipeline", "BronzeBucket1234", 63) {
		t.Error("the name changes from call to call")
	}
	if !regexp.MustCompile(`^pipeline-BronzeBucket1234-[A-Z2-7]{12}$`).MatchString(name) {
		t.Errorf("got %s", name)
	}
	for _, other := range []string{physicalName("pipeline", "Other", 63), physicalName("other", "BronzeBucket1234", 63)} {
		if other[len(other)-12:] == name[len(name)-12:] {
			t.Errorf("%s and %s share their suffix", name, other)
		}
	}
}

func TestPhysicalName_KeepsTheLimit(t *testing.T) {
	long := strings.Repeat("x", 200)
	for _, names := range [][2]string{{long, long}, {"s", long}, {long, "i"}} {
		name := physicalName(names[0], names[1], 64)
		if len(name) != 64 || strings.Count(name, "-") != 2 {
			t.Errorf("got %s, of %d characters", name, len(name))
		}
	}
}

func TestBucketName_IsOneForS3(t *testing.T) {
	if name := bucketName("My-Stack", "BronzeBucket"); name != strings.ToLower(name) || !strings.HasPrefix(name, "my-stack-bronzebucket-") {
		t.Errorf("got %s", name)
	}
}

func TestFunctionName_IsFoundInEveryReference(t *testing.T) {
	const arn = "arn:aws:lambda:us-east-1:000000000000:function:worker"
	for _, reference := range []string{
		"worker", "worker:live", arn, arn + ":1",
		"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/" + arn + "/invocations",
		"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/" + arn + ":live/invocations",
	} {
		if name := functionName(reference); name != "worker" {
			t.Errorf("%s: got %s", reference, name)
		}
	}
}
