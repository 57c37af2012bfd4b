package emulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/lockfile"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cdkapp"
)

// builds synthesizes an app, each time into a folder of its own: functions may still run from
// earlier ones.
type builds struct {
	app    cdkapp.App
	temp   tempDir
	number int // of the last build
}

func newBuilds(o Options) *builds {
	return &builds{app: cdkapp.App{
		Dir: o.Dir, Command: o.App, Context: o.appContext(),
		Account: DefaultAccount, Region: DefaultRegion,
	}}
}

// first returns the cloud assembly to start with.
func (b *builds) first(ctx context.Context, o Options) (*cdkapp.Assembly, error) {
	if o.Assembly != "" {
		return cdkapp.Read(o.Assembly)
	}
	o.Phase(Synthesize)
	var err error
	if b.temp, err = makeTempDir(); err == nil {
		err = os.Mkdir(b.dir(), 0o700)
	}
	if err != nil {
		return nil, fmt.Errorf("make a folder for the cloud assembly: %w", err)
	}
	return b.next(ctx, o.Progress)
}

func (b *builds) dir() string { return filepath.Join(b.temp.path, "builds") }

// next synthesizes the app. What the app prints goes to output.
func (b *builds) next(ctx context.Context, output io.Writer) (*cdkapp.Assembly, error) {
	b.number++
	b.app.Progress = output
	b.app.Out = filepath.Join(b.dir(), strconv.Itoa(b.number), "cdk.out")
	return b.app.Synthesize(ctx)
}

// removeUnused removes the builds that hold none of the folders in use.
func (b *builds) removeUnused(inUse []string) error {
	entries, err := os.ReadDir(b.dir())
	if err != nil {
		return fmt.Errorf("find old builds: %w", err)
	}
	for _, entry := range entries {
		build := filepath.Join(b.dir(), entry.Name()) + string(filepath.Separator)
		isUsed := func(dir string) bool { return strings.HasPrefix(dir, build) }
		if slices.ContainsFunc(inUse, isUsed) {
			continue
		}
		if err := os.RemoveAll(build); err != nil {
			return fmt.Errorf("remove an old build: %w", err)
		}
	}
	return nil
}

func (b *builds) close() error { return b.temp.remove() }

// tempDir represents the temporary folder of a platform. It holds the cloud assemblies and the
// functions' bootstraps. Its lock ends with the process: a folder without a held lock is abandoned.
type tempDir struct {
	path string
	lock *lockfile.Lock
}

const (
	tempDirPattern = "eventpipeline-local-*"
	tempDirLock    = "lock"
)

// makeTempDir makes a folder, and removes the folders that killed platforms left behind.
func makeTempDir() (tempDir, error) {
	removeAbandoned()
	for {
		path, err := os.MkdirTemp("", tempDirPattern)
		if err != nil {
			return tempDir{}, err
		}
		lock, err := lockfile.Take(filepath.Join(path, tempDirLock))
		if err == nil {
			return tempDir{path, lock}, nil
		}
		// Another platform that starts now may take the folder for an abandoned one before it is
		// locked.
		if !errors.Is(err, lockfile.ErrHeld) && !errors.Is(err, os.ErrNotExist) {
			return tempDir{}, errors.Join(err, os.RemoveAll(path))
		}
	}
}

// removeAbandoned removes abandoned folders. It ignores those that it may not remove: another
// user's.
func removeAbandoned() {
	locks, err := filepath.Glob(filepath.Join(os.TempDir(), tempDirPattern, tempDirLock))
	if err != nil {
		return // impossible: the pattern is valid
	}
	for _, path := range locks {
		if lock, err := lockfile.Take(path); err == nil {
			_ = os.RemoveAll(filepath.Dir(path))
			_ = lock.Release()
		}
	}
}

// remove removes the folder, and holds the lock until it is gone.
func (d tempDir) remove() error {
	if d.lock == nil {
		return nil
	}
	return errors.Join(os.RemoveAll(d.path), d.lock.Release())
}
