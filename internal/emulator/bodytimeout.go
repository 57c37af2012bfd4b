package emulator

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/lambda"
)

// bodyTimeout limits how long a client may pause while it sends a body. S3 has the same limit.
const bodyTimeout = 20 * time.Second

// limitBodyPauses returns a handler that limits how long a client may pause while it sends a body.
// After the timeout, reading the body fails with os.ErrDeadlineExceeded.
//
// Lambda's runtime API has no limit: a function can pause while it streams a response.
func limitBodyPauses(next http.Handler, timeout time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body == http.NoBody || strings.HasPrefix(r.URL.Path, lambda.RuntimePrefix) {
			next.ServeHTTP(w, r)
			return
		}
		body := &timedBody{ReadCloser: r.Body, w: w, timeout: timeout}
		r.Body = body
		body.setDeadline()
		next.ServeHTTP(w, r)
		body.setDeadline() // the server reads the rest of the body before it responds
	})
}

type timedBody struct {
	io.ReadCloser
	w       http.ResponseWriter
	timeout time.Duration
	set     time.Time // when the deadline was set
	ended   bool      // whether the body has ended; a later deadline would cancel the request
}

// setDeadline sets the deadline of the next read. To save time, it sets the deadline at most 20
// times per timeout. Connections use the real time, not the platform's clock.
func (b *timedBody) setDeadline() {
	now := time.Now()
	if !b.ended && now.Sub(b.set) > b.timeout/20 {
		b.set = now
		_ = http.NewResponseController(b.w).SetReadDeadline(now.Add(b.timeout))
	}
}

func (b *timedBody) Read(p []byte) (int, error) {
	b.setDeadline()
	n, err := b.ReadCloser.Read(p)
	b.ended = b.ended || err != nil
	if errors.Is(err, os.ErrDeadlineExceeded) {
		b.w.Header().Set("Connection", "close")
	}
	return n, err
}
