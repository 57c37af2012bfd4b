// Command bench measures the CPU time per event of the local platform, of each function, and of the
// command send. It runs only on Linux.
//
// It compares variants of the platform in alternating turns, so that other load on the machine
// affects all variants. It prints a benchmark result per turn, which the tool benchstat reads:
//
//	go run ./test/bench -variant old=OLD/eventpipeline,OLD/assembly \
//	  -variant new=NEW/eventpipeline,NEW/assembly | tee out.txt
//	benchstat -col /variant out.txt
//
// A variant consists of a build of cmd/eventpipeline and a cloud assembly for this machine.
// docs/performance.md contains the commands that make them.
//
// With -start NAME=BOOTSTRAP, it measures the CPU time of a function's start.
//
// With -readers N, it measures each variant without and with N readers of the console's stream of
// events. It also prints how long an event takes to reach a reader.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// variant is a version of the platform.
type variant struct{ name, cli, assembly string }

// variants implements flag.Value.
type variants []variant

func (v *variants) String() string { return fmt.Sprint(*v) }

func (v *variants) Set(text string) error {
	name, paths, _ := strings.Cut(text, "=")
	cli, assembly, ok := strings.Cut(paths, ",")
	if !ok || name == "" || cli == "" || assembly == "" {
		return errors.New("must be NAME=EVENTPIPELINE,ASSEMBLY")
	}
	*v = append(*v, variant{name, cli, assembly})
	return nil
}

// load configures the events of a turn.
type load struct{ count, batch, concurrency, readers int }

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	var all variants
	var l load
	flags.Var(&all, "variant", "a version to measure: NAME=EVENTPIPELINE,ASSEMBLY")
	var starts bootstraps
	flags.Var(&starts, "start", "a function whose start to measure: NAME=BOOTSTRAP")
	turns := flags.Int("turns", 5, "turns of each variant")
	flags.IntVar(&l.count, "count", 3000, "events per turn")
	flags.IntVar(&l.batch, "batch", 1, "events per request")
	flags.IntVar(&l.concurrency, "concurrency", 8, "concurrent requests")
	readers := flags.Int("readers", 0, "readers of the console's stream in a second turn")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if len(all)+len(starts) == 0 {
		return errors.New("set -variant or -start")
	}
	for range *turns {
		for _, b := range starts {
			if err := b.measure(out); err != nil {
				return err
			}
		}
		for _, v := range all {
			for _, l.readers = range slices.Compact([]int{0, *readers}) {
				used, err := v.measure(l)
				if err != nil {
					return fmt.Errorf("variant %s: %w", v.name, err)
				}
				used.print(out, v, l)
			}
		}
	}
	return nil
}
