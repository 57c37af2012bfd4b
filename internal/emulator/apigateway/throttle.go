package apigateway

import (
	"sync"
	"time"
)

// tokenBucket limits the rate of requests. Each request takes a token from the bucket. The bucket
// gets new tokens at a fixed rate.
type tokenBucket struct {
	mu     sync.Mutex
	rate   float64 // tokens per second; 0 is unlimited
	size   float64 // maximum number of tokens
	tokens float64
	last   time.Time
}

func newBucket(rate float64, burst int, now time.Time) *tokenBucket {
	size := max(float64(burst), 1)
	return &tokenBucket{rate: rate, size: size, tokens: size, last: now}
}

// take takes a token. It returns false if there is none.
func (b *tokenBucket) take(now time.Time) bool {
	if b.rate <= 0 {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.After(b.last) {
		b.tokens = min(b.size, b.tokens+b.rate*now.Sub(b.last).Seconds())
		b.last = now
	}
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
