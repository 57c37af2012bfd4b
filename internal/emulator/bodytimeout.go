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

// limitBodyPauses makes reads of a request's body fail with os.ErrDeadlineExceeded if the client
// sends nothing for the timeout. Functions may pause while they stream a response.
func limitBodyPauses(next http.Handler, timeout time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, lambda.RuntimePrefix) {
			r.Body = &timedBody{ReadCloser: r.Body, w: w, timeout: timeout}
		}
		next.ServeHTTP(w, r)
	})
}

type timedBody struct {
	io.ReadCloser
	w       http.ResponseWriter
	timeout time.Duration
	ended   bool // a deadline after the end of the body would cancel the request
}

func (b *timedBody) Read(p []byte) (int, error) {
	if !b.ended {
		// Real time, because the network does not know the clock of the platform.
		_ = http.NewResponseController(b.w).SetReadDeadline(time.Now().Add(b.timeout))
	}
	n, err := b.ReadCloser.Read(p)
	b.ended = b.ended || err != nil
	if errors.Is(err, os.ErrDeadlineExceeded) {
		b.w.Header().Set("Connection", "close")
	}
	return n, err
}
