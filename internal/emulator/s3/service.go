// Package s3 emulates a part of Amazon S3: objects with metadata, conditional puts, checksums,
// ranges, listings, versions and multipart uploads. The platform and the tools of its users need
// only this part. Addresses must be path-style.
//
// The library gofakes3 implements the HTTP protocol. This package keeps the objects in a temporary
// file. If a folder is configured, it also writes them to a state file.
package s3

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/johannesboyne/gofakes3"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/store"
)

// Config configures a service.
type Config struct {
	Dir string           // folder of the state file; "" if the objects are not kept across runs
	Now func() time.Time // default: time.Now
}

// Service implements the S3 API for one account's buckets.
type Service struct {
	db      *store.DB
	objects *backend
	api     http.Handler
}

// New returns a service with the buckets that are stored in the folder.
func New(config Config) (*Service, error) {
	if config.Now == nil {
		config.Now = time.Now
	}
	var db *store.DB
	if config.Dir != "" {
		if err := os.MkdirAll(config.Dir, 0o700); err != nil {
			return nil, fmt.Errorf("create S3 folder: %w", err)
		}
		var err error
		if db, err = store.Open(filepath.Join(config.Dir, "s3.db")); err != nil {
			return nil, err
		}
	}
	objects, err := newBackend(db, config.Now)
	if err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("load S3 objects: %w", err)
	}
	api := gofakes3.New(objects,
		gofakes3.WithTimeSource(clock(config.Now)),
		// 0 disables the check that the request's date is recent. gofakes3 does not verify
		// signatures, so the date does not matter.
		gofakes3.WithTimeSkewLimit(0),
		// 0 disables the limit of gofakes3, which would count all X-Amz headers. The backend itself
		// limits the size of the user metadata.
		gofakes3.WithMetadataSizeLimit(0),
	)
	return &Service{db, objects, api.Server()}, nil
}

// CreateBucket creates a bucket if it does not exist. If versioned is set, it enables versioning.
func (s *Service) CreateBucket(name string, versioned bool) error {
	if err := gofakes3.ValidateBucketName(name); err != nil {
		return fmt.Errorf("create bucket %s: %w", name, err)
	}
	if err := s.objects.CreateBucket(name); err != nil {
		return fmt.Errorf("create bucket %s: %w", name, err)
	}
	if !versioned {
		return nil
	}
	config := gofakes3.VersioningConfiguration{Status: gofakes3.VersioningEnabled}
	if err := s.objects.SetVersioningConfiguration(name, config); err != nil {
		return fmt.Errorf("enable versioning of bucket %s: %w", name, err)
	}
	return nil
}

// Close writes the state to disk and closes the files.
func (s *Service) Close() error {
	return errors.Join(s.db.Close(), s.objects.values.Close())
}

// unsupportedSubresources lists query parameters that gofakes3 ignores. The service rejects them.
var unsupportedSubresources = []string{
	"accelerate", "acl", "analytics", "attributes", "cors", "encryption", "intelligent-tiering",
	"inventory", "legal-hold", "lifecycle", "logging", "metrics", "notification", "object-lock",
	"ownershipControls", "policy", "policyStatus", "publicAccessBlock", "renameObject",
	"replication", "requestPayment", "restore", "retention", "select", "tagging", "torrent",
	"website",
}

// ServeHTTP serves the S3 API.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.RawQuery != "" {
		query := r.URL.Query()
		for _, name := range unsupportedSubresources {
			if query.Has(name) {
				writeError(w, gofakes3.ErrNotImplemented,
					"the local platform does not support ?"+name)
				return
			}
		}
	}
	switch {
	case strings.Contains(r.Header.Get("X-Amz-Copy-Source"), "?versionId="):
		// gofakes3 ignores the version ID and would copy the newest version.
		writeError(w, gofakes3.ErrNotImplemented,
			"the local platform cannot copy an old version: use GetObject and PutObject")
	case r.Method == http.MethodPut, r.Method == http.MethodPost:
		s.upload(w, r)
	case r.Method == http.MethodGet && r.URL.Query().Get("list-type") == "2":
		s.listObjectsV2(w, r)
	default:
		s.serveGofakes3(w, r, checksumFilter(r))
	}
}

// serveGofakes3 passes the request to gofakes3. It calls editHeader before the response header is
// sent.
func (s *Service) serveGofakes3(
	w http.ResponseWriter, r *http.Request, editHeader func(status int, header http.Header),
) {
	hook := &headerHook{ResponseWriter: w, edit: func(status int, header http.Header) {
		// The CORS headers of gofakes3 would allow web pages from all origins to read objects.
		maps.DeleteFunc(header, func(name string, _ []string) bool {
			return strings.HasPrefix(name, "Access-Control-")
		})
		editHeader(status, header)
	}}
	s.api.ServeHTTP(hook, r)
	hook.editOnce(http.StatusOK)
}

// headerHook is a ResponseWriter that calls edit once before the header is sent.
type headerHook struct {
	http.ResponseWriter
	edit   func(status int, header http.Header)
	edited bool
}

func (w *headerHook) editOnce(status int) {
	if !w.edited {
		w.edited = true
		w.edit(status, w.Header())
	}
}

func (w *headerHook) WriteHeader(status int) {
	w.editOnce(status)
	w.ResponseWriter.WriteHeader(status)
}

func (w *headerHook) Write(p []byte) (int, error) {
	w.editOnce(http.StatusOK)
	return w.ResponseWriter.Write(p)
}

// clock implements gofakes3.TimeSource.
type clock func() time.Time

func (c clock) Now() time.Time                  { return c() }
func (c clock) Since(t time.Time) time.Duration { return c().Sub(t) }
