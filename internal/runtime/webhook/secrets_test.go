package webhook

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// store is a SecretReader whose values change.
type store struct {
	mu     sync.Mutex
	values []string
	err    error
	reads  int
	limit  time.Duration // of the last read
	slow   chan struct{} // if set, Read waits for it
}

func (s *store) Read(ctx context.Context, _ string) ([]string, error) {
	if s.slow != nil {
		<-s.slow
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	if deadline, ok := ctx.Deadline(); ok {
		s.limit = time.Until(deadline)
	}
	return s.values, s.err
}

var errDown = errors.New("Secrets Manager is down")

func newSecrets(values ...string) (*Secrets, *store, *time.Time) {
	now := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	s := &store{values: values}
	return &Secrets{
		Reader: s, Now: func() time.Time { return now }, OnError: func(string, error) {},
	}, s, &now
}

func (s *Secrets) wantValues(t *testing.T, want ...string) Secret {
	t.Helper()
	got, err := s.Get(context.Background(), "id")
	if err != nil || !slices.Equal(got.Values, want) {
		t.Errorf("got %q, %v; want %q", got.Values, err, want)
	}
	return got
}

func TestSecrets_AreReadAgainAfterFiveMinutes(t *testing.T) {
	s, store, now := newSecrets("a")
	s.wantValues(t, "a")
	store.values = []string{"b", "a"}
	*now = now.Add(5*time.Minute - 1)
	s.wantValues(t, "a")
	*now = now.Add(1)
	s.wantValues(t, "b", "a")
	if store.reads != 2 {
		t.Errorf("read %d times, want 2", store.reads)
	}
}

func TestSecrets_AnOutageWithAWarmCacheChangesNothing(t *testing.T) {
	s, store, now := newSecrets("a")
	reported := 0
	s.OnError = func(string, error) { reported++ }
	s.wantValues(t, "a")
	store.err = errDown
	for range 60 * 60 { // an hour
		*now = now.Add(time.Second)
		s.wantValues(t, "a")
	}
	if store.reads > 1+60*60/10 || reported != store.reads-1 {
		t.Errorf("read %d times, reported %d", store.reads, reported)
	}
	if store.limit > time.Second {
		t.Errorf("a request may wait %s, want at most a second", store.limit)
	}
	store.err, store.values = nil, []string{"b"}
	*now = now.Add(10 * time.Second)
	s.wantValues(t, "b")
}

func TestSecrets_AnOutageWithAColdCacheIsAnError(t *testing.T) {
	s, store, now := newSecrets("a")
	store.err = errDown
	for range 5 {
		if got, err := s.Get(t.Context(), "id"); !errors.Is(err, errDown) || got.Values != nil {
			t.Errorf("got %q, %v", got.Values, err)
		}
	}
	if store.reads != 1 {
		t.Errorf("read %d times within a second", store.reads)
	}
	store.err = nil
	*now = now.Add(time.Second)
	s.wantValues(t, "a")
}

// The cached values of a deleted secret must not be used. If Secrets Manager is not available,
// cached values are used.
func TestSecrets_ADeletedSecretIsForgotten(t *testing.T) {
	s, store, now := newSecrets("a")
	old := s.wantValues(t, "a")
	store.err = fmt.Errorf("read the secret: %w", ErrDeleted)
	*now = now.Add(time.Second)
	if got, changed := s.Renew(t.Context(), old); !changed || got.Values != nil {
		t.Errorf("after a mismatch: got %q, %t", got.Values, changed)
	}
	if got, err := s.Get(t.Context(), "id"); !errors.Is(err, ErrDeleted) || got.Values != nil {
		t.Errorf("got %q, %v", got.Values, err)
	}
	store.err = nil
	*now = now.Add(time.Second)
	s.wantValues(t, "a")
	store.err = ErrDeleted
	*now = now.Add(5 * time.Minute)
	if got, err := s.Get(t.Context(), "id"); !errors.Is(err, ErrDeleted) || got.Values != nil {
		t.Errorf("an expired value: got %q, %v", got.Values, err)
	}
}

func TestSecrets_AreRenewedAtMostOnceASecond(t *testing.T) {
	s, store, now := newSecrets("a")
	old := s.wantValues(t, "a")
	store.values = []string{"b", "a"}
	if _, changed := s.Renew(t.Context(), old); changed || store.reads != 1 {
		t.Errorf("changed %t after %d reads in the same second", changed, store.reads)
	}
	*now = now.Add(time.Second)
	renewed, changed := s.Renew(t.Context(), old)
	if !changed || !slices.Equal(renewed.Values, store.values) {
		t.Errorf("got %q, %t", renewed.Values, changed)
	}
	for range 100 { // other requests with the old values
		if got, changed := s.Renew(t.Context(), old); !changed || got.Values[0] != "b" {
			t.Errorf("got %q, %t", got.Values, changed)
		}
	}
	if _, changed := s.Renew(t.Context(), renewed); changed || store.reads != 2 {
		t.Errorf("changed %t after %d reads", changed, store.reads)
	}
	*now = now.Add(time.Second)
	store.err = errDown
	if got, changed := s.Renew(t.Context(), renewed); changed || got.Values[0] != "b" {
		t.Errorf("in an outage: got %q, %t", got.Values, changed)
	}
}

func TestSecrets_ConcurrentRequestsReadOnce(t *testing.T) {
	s, store, _ := newSecrets("a")
	store.slow = make(chan struct{})
	var requests sync.WaitGroup
	for range 20 {
		requests.Go(func() { s.wantValues(t, "a") })
	}
	close(store.slow)
	requests.Wait()
	if store.reads != 1 {
		t.Errorf("read %d times, want 1", store.reads)
	}
}
