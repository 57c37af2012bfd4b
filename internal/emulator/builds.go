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

// builds synthesizes an app, each time into a new folder. It keeps earlier folders, because
// functions can still run from them.
type builds struct {
	app    cdkapp.App
	temp   tempDir
	number int // number of the last build
}

func newBuilds(o Options) *builds {
	return &builds{app: cdkapp.App{
		Dir: o.Dir, Command: o.App, Context: o.appContext(),
		Account: o.Account, Region: o.Region, SSM: o.SSM,
	}}
}

// firstAssembly returns the cloud assembly with which the platform starts. It is the existing
// assembly in Options, or a newly synthesized one.
func (b *builds) firstAssembly(ctx context.Context, o Options) (*cdkapp.Assembly, error) {
	if o.Assembly != "" {
		return cdkapp.Read(o.Assembly)
	}
	o.Phase(Synthesize)
	var err error
	if b.temp, err = makeTempDir(); err == nil {
		err = os.Mkdir(b.dir(), 0o700)
	}
	if err != nil {
		return nil, fmt.Errorf("create a folder for the cloud assembly: %w", err)
	}
	return b.nextAssembly(ctx, o.Progress)
}

func (b *builds) dir() string { return filepath.Join(b.temp.path, "builds") }

// nextAssembly synthesizes the app into a new folder. output receives the app's messages.
func (b *builds) nextAssembly(ctx context.Context, output io.Writer) (*cdkapp.Assembly, error) {
	b.number++
	b.app.Progress = output
	b.app.Out = filepath.Join(b.dir(), strconv.Itoa(b.number), "cdk.out")
	return b.app.Synthesize(ctx)
}

// removeUnused removes the folders of old builds. It keeps a build if inUse lists one of its
// folders.
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

// tempDir represents a platform's temporary folder, with the cloud assemblies and the functions'
// bootstraps.
//
// The platform locks the folder. The operating system releases the lock when the process ends, so
// an unlocked folder is abandoned.
type tempDir struct {
	path string
	lock *lockfile.Lock
}

const (
	tempDirPattern = "eventpipeline-local-*"
	tempDirLock    = "lock"
)

// makeTempDir removes the folders of killed platforms. Then it creates a temporary folder and locks
// it.
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
		// Another platform that starts at the same time can remove or lock the folder first. In
		// this case, try again with a new folder.
		if !errors.Is(err, lockfile.ErrHeld) && !errors.Is(err, os.ErrNotExist) {
			return tempDir{}, errors.Join(err, os.RemoveAll(path))
		}
	}
}

// removeAbandoned removes abandoned folders. It ignores folders that it has no permission to
// remove.
func removeAbandoned() {
	locks, err := filepath.Glob(filepath.Join(os.TempDir(), tempDirPattern, tempDirLock))
	if err != nil {
		return // never happens, because the pattern is valid
	}
	for _, path := range locks {
		if lock, err := lockfile.Take(path); err == nil {
			_ = os.RemoveAll(filepath.Dir(path))
			_ = lock.Release()
		}
	}
}

// remove removes the folder. It releases the lock only after the folder is removed.
func (d tempDir) remove() error {
	if d.lock == nil {
		return nil
	}
	return errors.Join(os.RemoveAll(d.path), d.lock.Release())
}
