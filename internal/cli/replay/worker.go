package replay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync/atomic"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/stdio"
)

// errWorkerEnded cancels a comparison when its worker ends.
var errWorkerEnded = errors.New("the worker ended during the comparison")

// WithWorker builds and runs the worker whose main package is in dir. It calls fn with a client of
// the worker's processor. The worker calls no AWS service. Its log and build errors go to the
// parameter log.
func WithWorker(
	ctx context.Context, dir string, log io.Writer, fn func(context.Context, *stdio.Client) error,
) error {
	folder, err := os.MkdirTemp("", "eventpipeline-worker-")
	if err != nil {
		return fmt.Errorf("create a folder for the worker: %w", err)
	}
	defer os.RemoveAll(folder)
	binary := filepath.Join(folder, "worker")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, ".")
	build.Dir = dir
	build.Env = append(os.Environ(), "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
	build.Stderr = log
	if err := build.Run(); err != nil {
		return fmt.Errorf("build the worker in %s: %w", dir, err)
	}
	if err := runWorker(ctx, binary, log, fn); err != nil {
		return fmt.Errorf("run the worker in %s: %w", dir, err)
	}
	return nil
}

func runWorker(
	ctx context.Context, binary string, log io.Writer,
	fn func(context.Context, *stdio.Client) error,
) error {
	running, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	worker := exec.CommandContext(running, binary)
	worker.Env = append(os.Environ(), stdio.Variable+"="+stdio.Value)
	worker.Stderr = log
	requests, err := worker.StdinPipe()
	if err != nil {
		return err
	}
	responses, err := worker.StdoutPipe()
	if err != nil {
		return err
	}
	if err := worker.Start(); err != nil {
		return err
	}
	var done atomic.Bool
	client := stdio.NewClient(requests, responses, func() {
		if !done.Load() {
			cancel(errWorkerEnded)
		}
	})
	err = fn(running, client)
	done.Store(true)
	if ctx.Err() == nil && context.Cause(running) == errWorkerEnded {
		err = fmt.Errorf("%w; its main function must call processor.Start", errWorkerEnded)
	}
	if err != nil {
		cancel(err) // kills the worker, which can still be processing
	}
	requests.Close() // the worker ends when its input ends
	<-client.Ended() // must come before Wait, which closes the pipe that the client reads
	return cmp.Or(err, worker.Wait())
}
