// Package s3 emulates a part of Amazon S3: objects with metadata and tags, conditional requests,
// checksums, ranges, listings, versions, multipart uploads and presigned URLs. A request names the
// bucket in the URL's path or host.
//
// Files store the objects' bytes and headers. Memory holds only an index of the objects. If a
// folder is configured, a database also stores the index.
package s3

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/store"
)

// Config configures a service.
type Config struct {
	Dir    string           // folder of the objects; "" if they are not kept across runs
	Region string           // default: us-east-1
	Now    func() time.Time // default: time.Now
	// SecretKey returns the secret key of an access key, to verify presigned URLs. By default, both
	// keys are the same string.
	SecretKey func(accessKey string) string
}

// Service implements the S3 API for one account's buckets.
type Service struct {
	config   Config
	db       *store.DB
	bodies   *extents
	objects  *index
	uploads  *uploads
	requests atomic.Uint64
}

// New returns a service with the buckets that are stored in the folder.
func New(config Config) (*Service, error) {
	if config.Region == "" {
		config.Region = "us-east-1"
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.SecretKey == nil {
		config.SecretKey = func(accessKey string) string { return accessKey }
	}
	bodies, err := openExtents(config.Dir)
	if err != nil {
		return nil, err
	}
	var db *store.DB
	if config.Dir != "" {
		if db, err = store.Open(filepath.Join(config.Dir, "s3.db")); err != nil {
			return nil, err
		}
	}
	objects, err := loadIndex(db, bodies)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("load S3 objects: %w", err), db.Close(), bodies.close())
	}
	return &Service{
		config: config, db: db, bodies: bodies, objects: objects, uploads: newUploads(),
	}, nil
}

// CreateBucket creates a bucket if it does not exist. versioning is "Enabled", "Suspended" or "".
// The value "" keeps the bucket's versioning.
func (s *Service) CreateBucket(name, versioning string) error {
	err := s.objects.createBucket(name, s.config.Now())
	if err != nil && !errors.Is(err, errBucketExists) {
		return fmt.Errorf("create bucket %s: %w", name, err)
	}
	if versioning == "" {
		return nil
	}
	err = s.objects.changeBucket(name, func(b *bucket) { b.versioning = versioning })
	if err != nil {
		return fmt.Errorf("set the versioning of bucket %s: %w", name, err)
	}
	return nil
}

// Close writes the state to disk and closes the files.
func (s *Service) Close() error {
	return errors.Join(s.db.Close(), s.bodies.close())
}

// call represents a request and its response.
type call struct {
	w           http.ResponseWriter
	r           *http.Request
	query       url.Values
	bucket, key string
}

// unsupportedSubresources lists query parameters that select unsupported operations.
var unsupportedSubresources = []string{
	"abac", "accelerate", "acl", "analytics", "attributes", "cors", "encryption",
	"intelligent-tiering", "inventory", "legal-hold", "lifecycle", "logging",
	"metadataConfiguration", "metadataInventoryTable", "metadataJournalTable", "metadataTable",
	"metrics", "notification", "object-lock", "ownershipControls", "policy", "policyStatus",
	"publicAccessBlock", "renameObject", "replication", "requestPayment", "restore", "retention",
	"select", "session", "torrent", "website",
}

const (
	requestIDHeader = "X-Amz-Request-Id"
	hostIDHeader    = "X-Amz-Id-2"
)

// ServeHTTP serves the S3 API.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{w: w, r: r, query: r.URL.Query()}
	c.bucket, c.key = requestedObject(r)
	id := s.requests.Add(1)
	w.Header().Set(requestIDHeader, fmt.Sprintf("%016X", id))
	w.Header().Set(hostIDHeader, fmt.Sprintf("local%011d=", id))
	if err := s.serve(c); err != nil {
		c.writeError(err)
	}
}

func (s *Service) serve(c *call) error {
	if err := s.verifyPresigned(c); err != nil {
		return err
	}
	for _, name := range unsupportedSubresources {
		if c.query.Has(name) {
			return notImplemented("the local platform does not support ?%s", name)
		}
	}
	operation, ok := operations[operationOf(c.r)]
	if !ok {
		if strings.HasPrefix(c.r.Header.Get("Content-Type"), "multipart/form-data") {
			return notImplemented("the local platform does not support uploads with HTML forms; " +
				"use a presigned URL of PutObject")
		}
		return newFailure(http.StatusMethodNotAllowed, "MethodNotAllowed",
			"The specified method is not allowed against this resource.", "Method", c.r.Method)
	}
	// If the bucket does not exist, respond before the client sends the body.
	if c.bucket != "" && c.r.Method != http.MethodPut || c.key != "" {
		if err := s.objects.view(c.bucket, func(*bucket) error { return nil }); err != nil {
			return err
		}
	}
	if len(c.key) > maxKeyBytes {
		return newFailure(http.StatusBadRequest, "KeyTooLongError", "Your key is too long",
			"Size", fmt.Sprint(len(c.key)), "MaxSizeAllowed", fmt.Sprint(maxKeyBytes))
	}
	return operation.serve(s, c)
}

// maxKeyBytes is the maximum length of a key in bytes, as in S3.
const maxKeyBytes = 1024
