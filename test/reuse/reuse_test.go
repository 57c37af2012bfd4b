// Package reuse tests that apps in other modules can use this module.
//
// The test publishes this module to a local proxy, and adds it to a copy of examples/minimal with
// `go get`. Then it builds and synthesizes the app in different ways. Each way must deploy the same
// Lambda functions as cmd/app in this repository.
package reuse

import (
	"maps"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sync/errgroup"
)

const root = "../.."

func TestConsumers_DeployTheFunctionsOfTheCheckout(t *testing.T) {
	want, err := synthesize(root, t.TempDir(), []string{`CDK_CONTEXT_JSON={"stage":"prod"}`}, "go",
		"run", "./cmd/app")
	if err != nil {
		t.Fatal(err)
	}
	consumer := newConsumer(t, publish(t))
	prebuilt := filepath.Join(t.TempDir(), "app")
	consumer.mustRun(t, "go", "build", "-trimpath", "-o", prebuilt, ".")
	vendored := consumer.copy(t)
	vendored.mustRun(t, "go", "mod", "vendor")

	for name, synthesizeApp := range map[string]func(*testing.T) (assetHashes, error){
		"go run": func(t *testing.T) (assetHashes, error) {
			return synthesize(consumer.dir, t.TempDir(), consumer.env, "go", "run", ".")
		},
		// The vendored folder has a new name in each run. Without -trimpath, Go would therefore
		// compile the CDK again, which takes minutes.
		"vendored, by GOFLAGS": func(t *testing.T) (assetHashes, error) {
			return synthesize(vendored.dir, t.TempDir(),
				appendEnv(vendored.env, "GOFLAGS=-mod=vendor -trimpath"), "go", "run", ".")
		},
		"in a workspace": func(t *testing.T) (assetHashes, error) {
			app := consumer.copy(t)
			app.mustRun(t, "go", "work", "init", ".", absolutePath(t, root))
			return synthesize(app.dir, t.TempDir(), app.env, "go", "run", ".")
		},
		"replaced by a checkout": func(t *testing.T) (assetHashes, error) {
			app := consumer.copy(t)
			app.mustRun(t, "go", "mod", "edit", "-replace", module+"="+absolutePath(t, root))
			return synthesize(app.dir, t.TempDir(), app.env, "go", "run", ".")
		},
		"compiled, then run in another environment": func(t *testing.T) (assetHashes, error) {
			other := appendEnv(consumer.env,
				"GOFLAGS=-mod=vendor -race -tags=schemas -ldflags=-X=main.x=y",
				"GOWORK=/nowhere/go.work", "GOOS=windows", "GOARCH=386", "GOARM64=v9.0",
				"GOAMD64=v3", "GOEXPERIMENT=nogreenteagc", "CGO_ENABLED=1", "GO111MODULE=off")
			return synthesize(t.TempDir(), t.TempDir(), other, prebuilt)
		},
		"only TMPDIR is writable": func(t *testing.T) (assetHashes, error) {
			file := filepath.Join(t.TempDir(), "file") // not even root can write below a file
			if err := os.WriteFile(file, nil, 0o400); err != nil {
				return nil, err
			}
			readOnly := appendEnv(consumer.env, "HOME="+file, "TMPDIR="+t.TempDir(),
				"XDG_CACHE_HOME="+filepath.Join(file, "cache"),
				"JSII_RUNTIME_PACKAGE_CACHE_ROOT="+jsiiCache(t))
			return synthesize(t.TempDir(), t.TempDir(), readOnly, prebuilt)
		},
		// Some CI services keep caches in the folder of the project.
		"cache in a vendored app": func(t *testing.T) (assetHashes, error) {
			cache := filepath.Join(vendored.dir, ".cache")
			return synthesize(vendored.dir, t.TempDir(),
				appendEnv(vendored.env, "XDG_CACHE_HOME="+cache), prebuilt)
		},
		"two apps at once, with an empty cache": func(t *testing.T) (assetHashes, error) {
			empty := appendEnv(consumer.env, "XDG_CACHE_HOME="+t.TempDir())
			var first, second assetHashes
			var apps errgroup.Group
			for _, result := range []*assetHashes{&first, &second} {
				dir, out := t.TempDir(), t.TempDir()
				apps.Go(func() (err error) {
					*result, err = synthesize(dir, out, empty, prebuilt)
					return err
				})
			}
			err := apps.Wait()
			if !maps.Equal(first, second) {
				t.Errorf("got %v and %v", first, second)
			}
			return first, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // each app is a separate process
			got, err := synthesizeApp(t)
			if err != nil {
				t.Fatal(err)
			}
			if !maps.Equal(got, want) {
				t.Errorf("the app deploys\n%v\nthe checkout deploys\n%v", got, want)
			}
		})
	}
}

func TestConsumers_RunTheCommandAsATool(t *testing.T) {
	consumer := newConsumer(t, publish(t))
	consumer.mustRun(t, "go", "get", "-tool", module+"/cmd/eventpipeline")
	consumer.mustRun(t, "go", "tool", "eventpipeline", "local", "--help")
}
