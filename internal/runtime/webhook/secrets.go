package webhook

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// SecretReader reads secrets from their store.
type SecretReader interface {
	// Read returns the current value of a secret, followed by the previous value if there is one.
	// For a deleted secret, the error wraps ErrDeleted.
	Read(ctx context.Context, id string) ([]string, error)
}

// ErrDeleted reports that a secret does not exist or is marked for deletion.
var ErrDeleted = errors.New("the secret is deleted")

// Secrets caches secrets. Callers wait while another caller reads the same secret.
type Secrets struct {
	Reader SecretReader
	Now    func() time.Time
	// OnError is called if a read fails and the cache still holds an earlier value.
	OnError func(id string, err error)

	mu     sync.Mutex
	cached map[string]*cachedSecret
}

const (
	secretTTL    = 5 * time.Minute  // afterwards, the secret is read again
	retryExpired = 10 * time.Second // time between two attempts to read an expired secret again
	// renewInterval is the minimum time between two reads that a wrong signature or a missing value
	// causes. Without this limit, anyone could send wrong signatures to cause many reads.
	renewInterval = time.Second

	// readLimit and rereadLimit limit the time of a read. rereadLimit applies if a value is cached.
	// Slack waits at most 3 seconds for a response.
	readLimit   = 2 * time.Second
	rereadLimit = time.Second
)

type cachedSecret struct {
	mu       sync.Mutex
	values   []string
	readings int       // number of successful readings
	readAt   time.Time // time of the last successful reading
	triedAt  time.Time // end of the last attempt
	err      error     // of the last attempt
}

// Secret holds the values that one reading of a secret has returned.
type Secret struct {
	Values  []string
	id      string
	reading int
}

// Get returns a secret that was read in the last 5 minutes, or the last known values if a read
// fails. It returns an error only if no values are known or the secret was deleted.
func (s *Secrets) Get(ctx context.Context, id string) (Secret, error) {
	c := s.lockSecret(id)
	defer c.mu.Unlock()
	now := s.Now()
	if len(c.values) == 0 {
		if c.err != nil && now.Sub(c.triedAt) < renewInterval {
			return Secret{}, c.err
		}
		err := s.read(ctx, id, c, readLimit)
		return c.secret(id), err
	}
	expired := now.Sub(c.readAt) >= secretTTL
	justFailed := c.err != nil && now.Sub(c.triedAt) < retryExpired
	if !expired || justFailed {
		return c.secret(id), nil
	}
	err := s.read(ctx, id, c, rereadLimit)
	if err != nil {
		s.OnError(id, err)
	}
	if errors.Is(err, ErrDeleted) {
		return Secret{}, err
	}
	return c.secret(id), nil
}

// Renew returns the newest values of a secret. It reads the secret again at most once a second. The
// result changed is true if the newest values differ from old.Values.
func (s *Secrets) Renew(ctx context.Context, old Secret) (renewed Secret, changed bool) {
	c := s.lockSecret(old.id)
	defer c.mu.Unlock()
	if c.readings == old.reading && s.Now().Sub(c.triedAt) >= renewInterval {
		if err := s.read(ctx, old.id, c, rereadLimit); err != nil {
			s.OnError(old.id, err)
		}
	}
	return c.secret(old.id), !slices.Equal(c.values, old.Values)
}

func (s *Secrets) lockSecret(id string) *cachedSecret {
	s.mu.Lock()
	c, ok := s.cached[id]
	if !ok {
		if s.cached == nil {
			s.cached = map[string]*cachedSecret{}
		}
		c = &cachedSecret{}
		s.cached[id] = c
	}
	s.mu.Unlock()
	c.mu.Lock()
	return c
}

func (s *Secrets) read(
	ctx context.Context, id string, c *cachedSecret, limit time.Duration,
) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	values, err := s.Reader.Read(ctx, id)
	c.triedAt, c.err = s.Now(), err
	switch {
	case err == nil:
		c.values, c.readAt = values, c.triedAt
		c.readings++
	case errors.Is(err, ErrDeleted):
		c.values = nil
	}
	return err
}

func (c *cachedSecret) secret(id string) Secret { return Secret{c.values, id, c.readings} }
