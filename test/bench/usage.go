package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// usage holds the CPU time of the parts of the platform.
type usage struct {
	platform, api, worker, send time.Duration
	wall                        time.Duration
	rss                         int64         // bytes of the platform's memory at the end
	delay                       time.Duration // p99, from an event's receipt to a reader
	rows                        int           // events that the reader got
}

// measure starts the platform and sends some events as a warm-up. Then it sends the load's events,
// and returns the CPU time for these events.
func (v variant) measure(l load) (usage, error) {
	p, err := v.start()
	if err != nil {
		return usage{}, err
	}
	defer func() { _ = p.stop() }()
	warmUp := load{count: max(200, 20*l.batch), batch: l.batch, concurrency: l.concurrency}
	if _, err := p.send(warmUp); err != nil {
		return usage{}, err
	}
	var watching *readers
	if l.readers > 0 {
		if watching, err = p.startReaders(l.readers); err != nil {
			return usage{}, err
		}
	}
	before, err := p.measureUsage()
	if err != nil {
		return usage{}, err
	}
	start := time.Now()
	send, err := p.send(l)
	if err != nil {
		return usage{}, err
	}
	wall := time.Since(start)
	after, err := p.measureUsage()
	after.platform -= before.platform
	after.api -= before.api
	after.worker -= before.worker
	after.send, after.wall = send, wall
	after.delay, after.rows = watching.close()
	return after, err
}

// measureUsage returns the CPU time of the platform and of the running functions until now.
func (p *platform) measureUsage() (u usage, err error) {
	if u.platform, u.rss, err = readStat(p.cmd.Process.Pid); err != nil {
		return u, err
	}
	ids, err := p.childProcesses()
	if err != nil {
		return u, err
	}
	for _, id := range ids {
		used, _, err := readStat(id)
		if err != nil {
			return u, err
		}
		switch name := functionOf(id); {
		case strings.Contains(name, "api"):
			u.api += used
		case strings.Contains(name, "worker"):
			u.worker += used
		}
	}
	return u, nil
}

// functionOf returns the name of the function that a process runs.
func functionOf(id int) string {
	environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", id))
	if err != nil {
		return ""
	}
	for variable := range bytes.SplitSeq(environment, []byte{0}) {
		if name, ok := strings.CutPrefix(string(variable), "AWS_LAMBDA_FUNCTION_NAME="); ok {
			return strings.ToLower(name)
		}
	}
	return ""
}

// clockTick is the unit of times in /proc, a hundredth of a second.
const clockTick = 10 * time.Millisecond

// readStat returns the CPU time and the resident memory of a process. See man 5 proc.
func readStat(id int) (used time.Duration, rss int64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", id))
	if err != nil {
		return 0, 0, err
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	const utime, stime, pages = 11, 12, 21 // field numbers, counted after the name of the command
	var values [3]int64
	for i, field := range []int{utime, stime, pages} {
		if values[i], err = strconv.ParseInt(fields[field], 10, 64); err != nil {
			return 0, 0, err
		}
	}
	return time.Duration(values[0]+values[1]) * clockTick, values[2] * int64(os.Getpagesize()), nil
}

func (u usage) print(w io.Writer, v variant, l load) {
	perEvent := func(d time.Duration) float64 {
		return float64(d.Microseconds()) / float64(l.count)
	}
	total := u.platform + u.api + u.worker + u.send
	name := v.name
	if l.readers > 0 {
		name = fmt.Sprintf("%s-%d-readers", name, l.readers)
	}
	fmt.Fprintf(w, "BenchmarkSend/batch=%d/variant=%s %d %.1f total-us/event "+
		"%.1f platform-us/event %.1f api-us/event %.1f worker-us/event %.1f send-us/event "+
		"%.0f events/s %.2f events/cpu-ms %d rss-MB\n",
		l.batch, name, l.count, perEvent(total), perEvent(u.platform), perEvent(u.api),
		perEvent(u.worker), perEvent(u.send), float64(l.count)/u.wall.Seconds(),
		1000/perEvent(total), u.rss>>20)
	if l.readers > 0 {
		fmt.Fprintf(w, "# %d readers: an event reaches a reader in %d ms at p99; "+
			"it got %d of %d events\n",
			l.readers, u.delay.Milliseconds(), u.rows, l.count)
	}
}
