package contract

import (
	"strings"
	"testing"
	"time"
)

func newReader(variables map[string]string) *Reader {
	return NewReader(func(name string) string { return variables[name] })
}

func TestReader_ReturnsTheValues(t *testing.T) {
	r := newReader(map[string]string{
		BronzeBucket: "bronze", MaxReceiveCount: "5", OpenToAnyone: "true",
		StatusForAllCallers: "false", ReconcileGraceSeconds: "90", StatusRetentionDays: "2",
	})
	bucket, count := r.Text(BronzeBucket), r.Int(MaxReceiveCount, 1)
	if bucket != "bronze" || count != 5 || r.Err() != nil {
		t.Errorf("got %q, %d, %v", bucket, count, r.Err())
	}
	open, all := r.Bool(OpenToAnyone), r.Bool(StatusForAllCallers)
	if !open || all || r.Err() != nil {
		t.Errorf("got %t, %t, %v", open, all, r.Err())
	}
	grace, retention := r.Seconds(ReconcileGraceSeconds), r.Days(StatusRetentionDays)
	if grace != 90*time.Second || retention != 48*time.Hour || r.Err() != nil {
		t.Errorf("got %s, %s, %v", grace, retention, r.Err())
	}
}

func TestReader_NamesEveryInvalidVariable(t *testing.T) {
	r := newReader(map[string]string{
		MaxReceiveCount: "many", MaxPayloadBytes: "0", OpenToAnyone: "yes",
		ReconcileGraceSeconds: "0",
	})
	r.Text(BronzeBucket)
	r.Int(MaxReceiveCount, 1)
	r.Int(MaxPayloadBytes, 1)
	r.Bool(OpenToAnyone)
	r.Seconds(ReconcileGraceSeconds)
	for _, name := range []string{
		BronzeBucket, MaxReceiveCount, MaxPayloadBytes, OpenToAnyone, ReconcileGraceSeconds,
	} {
		if err := r.Err(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v does not name %s", err, name)
		}
	}
}
