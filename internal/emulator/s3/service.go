// Package s3 is Amazon S3 as far as the platform and its users' tools need it: objects with metadata, conditional
// puts, checksums, ranges, listings, versions and multipart uploads, addressed path-style.
//
// The HTTP protocol is gofakes3's; the objects are held here, in memory, and written through to a file when a folder is
// given.
package s3

import (
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

// Config says where objects are kept.
type Config struct {
	Dir string           // keeps the objects across runs; "" keeps them in memory only
	Now func() time.Time // time.Now when nil
}

// Service is the S3 API over one account's buckets.
type Service struct {
	db      *store.DB
	objects *backend
	api     http.Handler
}

// New serves the buckets that earlier runs left in the folder, or none.
func New(config Config) (*Service, error) {
	if config.Now == nil {
		config.Now = time.Now
	}
	var db *store.DB
	if config.Dir != "" {
		if err := os.MkdirAll(config.Dir, 0o700); err != nil {
			return nil, fmt.Errorf("create the S3 folder: %w", err)
		}
		var err error
		if db, err = store.Open(filepath.Join(config.Dir, "s3.db")); err != nil {
			return nil, err
		}
	}
	objects, err := newBackend(db, config.Now)
	if err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("load the S3 objects: %w", err)
	}
	api := gofakes3.New(objects,
		gofakes3.WithTimeSource(clock(config.Now)),
		gofakes3.WithTimeSkewLimit(0),     // signatures are not checked, so their date is not either
		gofakes3.WithMetadataSizeLimit(0), // it would count every X-Amz header; the backend checks user metadata
	)
	return &Service{db, objects, api.Server()}, nil
}

// CreateBucket makes sure that the bucket exists, and keeps versions if asked to.
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
	err := s.objects.SetVersioningConfiguration(name, gofakes3.VersioningConfiguration{Status: gofakes3.VersioningEnabled})
	if err != nil {
		return fmt.Errorf("version bucket %s: %w", name, err)
	}
	return nil
}

// Close writes the state to disk. The service must not be used afterwards.
func (s *Service) Close() error {
	return s.db.Close()
}

// unsupportedSubresources are the subresources that gofakes3 would take for a plain request on the bucket or object itself.
var unsupportedSubresources = []string{
	"accelerate", "acl", "analytics", "attributes", "cors", "encryption", "intelligent-tiering", "inventory",
	"legal-hold", "lifecycle", "logging", "metrics", "notification", "object-lock", "ownershipControls", "policy",
	"policyStatus", "publicAccessBlock", "renameObject", "replication", "requestPayment", "restore", "retention",
	"select", "tagging", "torrent", "website",
}

func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.RawQuery != "" {
		query := r.URL.Query()
		for _, name := range unsupportedSubresources {
			if query.Has(name) {
				writeError(w, gofakes3.ErrNotImplemented, "the local platform does not serve ?"+name)
				return
			}
		}
	}
	switch {
	case strings.Contains(r.Header.Get("X-Amz-Copy-Source"), "?versionId="): // gofakes3 would copy the newest
		writeError(w, gofakes3.ErrNotImplemented, "the local platform does not copy a version: get it, and put it")
	case r.Method == http.MethodPut, r.Method == http.MethodPost:
		s.upload(w, r)
	case r.Method == http.MethodGet && r.URL.Query().Get("list-type") == "2":
		s.listObjectsV2(w, r)
	default:
		s.serveGofakes3(w, r, checksumFilter(r))
	}
}

// serveGofakes3 lets gofakes3 answer, and before see and change the answer's headers.
func (s *Service) serveGofakes3(w http.ResponseWriter, r *http.Request, before func(status int, header http.Header)) {
	answer := &headerHook{ResponseWriter: w, before: func(status int, header http.Header) {
		// gofakes3 lets pages of all origins read what is here.
		maps.DeleteFunc(header, func(name string, _ []string) bool { return strings.HasPrefix(name, "Access-Control-") })
		before(status, header)
	}}
	s.api.ServeHTTP(answer, r)
	answer.finish(http.StatusOK)
}

// headerHook calls before when the headers are about to be sent.
type headerHook struct {
	http.ResponseWriter
	before   func(status int, header http.Header)
	finished bool
}

func (w *headerHook) finish(status int) {
	if !w.finished {
		w.finished = true
		w.before(status, w.Header())
	}
}

func (w *headerHook) WriteHeader(status int) {
	w.finish(status)
	w.ResponseWriter.WriteHeader(status)
}

func (w *headerHook) Write(p []byte) (int, error) {
	w.finish(http.StatusOK)
	return w.ResponseWriter.Write(p)
}

// clock is what gofakes3 asks for the time.
type clock func() time.Time

func (c clock) Now() time.Time                  { return c() }
func (c clock) Since(t time.Time) time.Duration { return c().Sub(t) }
