package contract

import (
	"strings"
	"testing"
)

func TestReader_ReturnsTheValues(t *testing.T) {
	t.Setenv(BronzeBucket, "bronze")
	t.Setenv(MaxReceiveCount, "5")
	t.Setenv(OpenAPI, "true")
	t.Setenv(StatusForAllCallers, "false")
	var r Reader
	if bucket, count := r.Text(BronzeBucket), r.Int(MaxReceiveCount, 1); bucket != "bronze" || count != 5 || r.Err() != nil {
		t.Errorf("got %q, %d, %v", bucket, count, r.Err())
	}
	if open, all := r.Bool(OpenAPI), r.Bool(StatusForAllCallers); !open || all || r.Err() != nil {
		t.Errorf("got %t, %t, %v", open, all, r.Err())
	}
}

func TestReader_NamesEveryMistakeAtOnce(t *testing.T) {
	t.Setenv(BronzeBucket, "")
	t.Setenv(MaxReceiveCount, "many")
	t.Setenv(MaxPayloadBytes, "0")
	t.Setenv(OpenAPI, "yes")
	var r Reader
	r.Text(BronzeBucket)
	r.Int(MaxReceiveCount, 1)
	r.Int(MaxPayloadBytes, 1)
	r.Bool(OpenAPI)
	for _, name := range []string{BronzeBucket, MaxReceiveCount, MaxPayloadBytes, OpenAPI} {
		if err := r.Err(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v does not name %s", err, name)
		}
	}
}
