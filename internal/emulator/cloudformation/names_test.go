package cloudformation

import (
	"regexp"
	"strings"
	"testing"
)

func TestPhysicalName_CombinesStackLogicalIDAndSuffix(t *testing.T) {
	name := PhysicalName("pipeline", "BronzeBucket1234", 63)
	if name != PhysicalName("pipeline", "BronzeBucket1234", 63) {
		t.Error("two calls return different names")
	}
	if !regexp.MustCompile(`^pipeline-BronzeBucket1234-[A-Z2-7]{12}$`).MatchString(name) {
		t.Errorf("got %s", name)
	}
	for _, other := range []string{
		PhysicalName("pipeline", "Other", 63),
		PhysicalName("other", "BronzeBucket1234", 63),
	} {
		if other[len(other)-12:] == name[len(name)-12:] {
			t.Errorf("%s and %s have the same suffix", name, other)
		}
	}
}

func TestPhysicalName_IsNotLongerThanTheLimit(t *testing.T) {
	long := strings.Repeat("x", 200)
	for _, names := range [][2]string{{long, long}, {"s", long}, {long, "i"}} {
		name := PhysicalName(names[0], names[1], 64)
		if len(name) != 64 || strings.Count(name, "-") != 2 {
			t.Errorf("got %s, of %d characters", name, len(name))
		}
	}
}
