package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// readers are browsers that read the console's stream of events.
type readers struct {
	stop    context.CancelFunc
	running sync.WaitGroup
	mu      sync.Mutex
	seen    map[string]bool
	delays  []time.Duration // times from an event's receipt to its arrival at the first reader
}

var consoleURL = regexp.MustCompile(`Console +(http://\S+)/(\?token=\S+)`)

// startReaders opens n streams of the platform's console.
func (p *platform) startReaders(n int) (*readers, error) {
	output, err := os.ReadFile(p.output.Name())
	if err != nil {
		return nil, err
	}
	found := consoleURL.FindStringSubmatch(string(output))
	if found == nil {
		return nil, errors.New("the platform printed no URL of a console")
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Jar: jar}
	exchange, err := client.Get(found[1] + "/" + found[2])
	if err != nil {
		return nil, err
	}
	_ = exchange.Body.Close()
	page, err := client.Get(found[1] + "/") // redirects to the page of the first pipeline
	if err != nil {
		return nil, err
	}
	_ = page.Body.Close()
	ctx, stop := context.WithCancel(context.Background())
	r := &readers{stop: stop, seen: make(map[string]bool)}
	for i := range n {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet,
			page.Request.URL.String()+"stream?rows=1", nil)
		if err != nil {
			return r, err
		}
		response, err := client.Do(request)
		if err != nil {
			return r, err
		}
		if response.StatusCode != http.StatusOK {
			return r, fmt.Errorf("open the stream: %s", response.Status)
		}
		r.running.Go(func() {
			defer response.Body.Close()
			if i > 0 { // only the first reader decodes rows, to save CPU time
				_, _ = io.Copy(io.Discard, response.Body)
				return
			}
			r.read(response.Body)
		})
	}
	return r, nil
}

// read measures the delay of each event in the stream.
func (r *readers) read(stream io.Reader) {
	lines := bufio.NewReader(stream)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		now := time.Now()
		data, ok := strings.CutPrefix(line, "data: ")
		if !ok {
			continue
		}
		var message struct {
			Rows []struct {
				ID   string `json:"id"`
				Time int64  `json:"time"`
			} `json:"rows"`
		}
		if json.Unmarshal([]byte(data), &message) != nil {
			continue
		}
		r.mu.Lock()
		for _, row := range message.Rows {
			if !r.seen[row.ID] {
				r.seen[row.ID] = true
				r.delays = append(r.delays, now.Sub(time.UnixMilli(row.Time)))
			}
		}
		r.mu.Unlock()
	}
}

// close ends the streams. It returns the 99th percentile of the delays, and the number of events
// that reached a reader.
func (r *readers) close() (p99 time.Duration, rows int) {
	if r == nil {
		return 0, 0
	}
	r.stop()
	r.running.Wait()
	slices.Sort(r.delays)
	if len(r.delays) == 0 {
		return 0, 0
	}
	return r.delays[(len(r.delays)-1)*99/100], len(r.delays)
}
