package s3

import (
	"bytes"
	"cmp"
	"crypto/md5"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/johannesboyne/gofakes3"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/store"
)

// maxUserMetadata limits the total bytes of an object's x-amz-meta names and values, as in S3.
const maxUserMetadata = 2 << 10

var (
	_ gofakes3.Backend          = (*backend)(nil)
	_ gofakes3.VersionedBackend = (*backend)(nil)
)

// backend stores the buckets and objects for gofakes3.
type backend struct {
	records records
	now     func() time.Time

	mu      sync.RWMutex // guards the buckets and their versions
	buckets map[string]*bucket
}

// bucket holds the versions of a bucket's objects.
type bucket struct {
	name       string
	created    time.Time
	versioning gofakes3.VersioningStatus
	objects    map[string][]*version // by key, newest version first
	keys       []string              // the keys of objects, sorted
	sequence   uint64                // sequence of the newest version
}

// version represents one version of an object. A version in a bucket never changes.
type version struct {
	sequence uint64 // increases with each version that is added to the bucket
	body     []byte

	// ID is "" for S3's null version. A bucket without versioning has only null versions.
	ID           gofakes3.VersionID
	DeleteMarker bool              `json:",omitempty"`
	MD5          []byte            `json:",omitempty"`
	Metadata     map[string]string `json:",omitempty"`
	Modified     time.Time
}

func newBackend(db *store.DB, now func() time.Time) (*backend, error) {
	records, err := openRecords(db)
	if err != nil {
		return nil, err
	}
	buckets, err := records.load()
	if err != nil {
		return nil, err
	}
	return &backend{records: records, now: now, buckets: buckets}, nil
}

// bucket returns the named bucket. The caller holds s.mu.
func (s *backend) bucket(name string) (*bucket, error) {
	b, ok := s.buckets[name]
	if !ok {
		return nil, gofakes3.BucketNotFound(name)
	}
	return b, nil
}

func (s *backend) ListBuckets() ([]gofakes3.BucketInfo, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var infos []gofakes3.BucketInfo
	for _, b := range s.buckets {
		infos = append(infos, gofakes3.BucketInfo{
			Name: b.name, CreationDate: gofakes3.NewContentTime(b.created),
		})
	}
	slices.SortFunc(infos, func(a, b gofakes3.BucketInfo) int {
		return cmp.Compare(a.Name, b.Name)
	})
	return infos, nil
}

// CreateBucket creates a bucket. If the bucket exists, it changes nothing and returns no error, as
// S3 does for the bucket's owner in us-east-1.
func (s *backend) CreateBucket(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.buckets[name]; ok {
		return nil
	}
	b := &bucket{name: name, created: s.now(), objects: map[string][]*version{}}
	if err := s.records.putBucket(b); err != nil {
		return err
	}
	s.buckets[name] = b
	return nil
}

func (s *backend) BucketExists(name string) (bool, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, ok := s.buckets[name]
	return ok, nil
}

func (s *backend) DeleteBucket(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.bucket(name)
	if err != nil {
		return err
	}
	if len(b.keys) > 0 {
		return gofakes3.ResourceError(gofakes3.ErrBucketNotEmpty, name)
	}
	if err := s.records.buckets.Delete(name); err != nil {
		return err
	}
	delete(s.buckets, name)
	return nil
}

// ForceDeleteBucket rejects the request. The interface gofakes3.Backend requires this method for an
// extension of MinIO that S3 lacks.
func (s *backend) ForceDeleteBucket(string) error {
	return gofakes3.ErrNotImplemented
}

func (s *backend) GetObject(
	bucketName, key string, requested *gofakes3.ObjectRangeRequest,
) (*gofakes3.Object, error) {
	return s.GetObjectVersion(bucketName, key, "", requested)
}

func (s *backend) HeadObject(bucketName, key string) (*gofakes3.Object, error) {
	return s.HeadObjectVersion(bucketName, key, "")
}

// PutObject stores an object if the conditions hold. It reads the whole body before it takes the
// lock.
func (s *backend) PutObject(
	bucketName, key string, headers map[string]string, input io.Reader, size int64,
	conditions *gofakes3.PutConditions,
) (result gofakes3.PutObjectResult, err error) {
	metadata, err := objectMetadata(headers)
	if err != nil {
		return result, err
	}
	body, err := gofakes3.ReadAll(input, size)
	if err != nil {
		return result, err
	}
	sum := md5.Sum(body)

	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.bucket(bucketName)
	if err != nil {
		return result, err
	}
	if conditions != nil {
		if err := gofakes3.CheckPutConditions(conditions, b.conditionalInfo(key)); err != nil {
			return result, err
		}
	}
	v := &version{body: body, MD5: sum[:], Metadata: metadata, Modified: s.now()}
	if err := s.addVersion(b, key, v); err != nil {
		return result, err
	}
	result.VersionID = v.ID
	return result, nil
}

// objectMetadata selects the request headers that are stored with the object.
func objectMetadata(headers map[string]string) (map[string]string, error) {
	metadata := map[string]string{}
	size := 0
	for name, value := range headers {
		_, isChecksum := checksums[name]
		user, isUser := strings.CutPrefix(name, "X-Amz-Meta-")
		switch {
		case isUser:
			size += len(user) + len(value)
			metadata[name] = value
		case name == "Content-Encoding":
			// aws-chunked describes the encoding of the request's body, not of the object.
			value = strings.Trim(strings.Replace(value, "aws-chunked", "", 1), ", ")
			if value != "" {
				metadata[name] = value
			}
		case isChecksum, name == "Content-Type", name == "Content-Disposition",
			name == "Last-Modified":
			metadata[name] = value
		}
	}
	if size > maxUserMetadata {
		return nil, gofakes3.ErrorMessage(gofakes3.ErrMetadataTooLarge,
			"Your metadata headers exceed the maximum allowed metadata size")
	}
	return metadata, nil
}

func (s *backend) CopyObject(
	fromBucket, fromKey, toBucket, toKey string, headers map[string]string,
) (result gofakes3.CopyObjectResult, err error) {
	v, err := s.findVersion(fromBucket, fromKey, "")
	if err != nil {
		return result, err
	}
	body, size := bytes.NewReader(v.body), int64(len(v.body))
	if _, err := s.PutObject(toBucket, toKey, headers, body, size, nil); err != nil {
		return result, err
	}
	result.ETag = gofakes3.FormatETag(v.MD5)
	result.LastModified = gofakes3.NewContentTime(s.now())
	return result, nil
}

// DeleteObject deletes an object. If versioning is or was enabled, it adds a delete marker instead.
func (s *backend) DeleteObject(
	bucketName, key string,
) (result gofakes3.ObjectDeleteResult, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.bucket(bucketName)
	if err != nil {
		return result, err
	}
	if b.versioning == "" {
		return result, s.removeVersion(b, key, "")
	}
	marker := &version{DeleteMarker: true, Modified: s.now()}
	if err := s.addVersion(b, key, marker); err != nil {
		return result, err
	}
	return gofakes3.ObjectDeleteResult{IsDeleteMarker: true, VersionID: marker.ID}, nil
}

func (s *backend) DeleteMulti(
	bucketName string, keys ...string,
) (gofakes3.MultiDeleteResult, error) {
	var ids []gofakes3.ObjectID
	for _, key := range keys {
		ids = append(ids, gofakes3.ObjectID{Key: key})
	}
	return s.DeleteMultiVersions(bucketName, ids...)
}

// addVersion adds v as the newest version of an object. If versioning is not enabled, v becomes the
// null version and replaces the previous null version. The caller holds s.mu.
func (s *backend) addVersion(b *bucket, key string, v *version) error {
	b.sequence++
	v.sequence = b.sequence
	versions, exists := b.objects[key]
	switch {
	case b.versioning == gofakes3.VersioningEnabled:
		v.ID = gofakes3.VersionID(fmt.Sprintf("%0*x", sequenceDigits, v.sequence))
	case exists && versions[0].ID == "":
		v.sequence = versions[0].sequence // so that v replaces the record of the null version
		versions = versions[1:]
	default:
		if err := s.removeVersion(b, key, ""); err != nil {
			return err
		}
		versions = b.objects[key]
	}
	if err := s.records.putVersion(b, key, v); err != nil {
		return err
	}
	b.objects[key] = append([]*version{v}, versions...)
	if !exists {
		i, _ := slices.BinarySearch(b.keys, key)
		b.keys = slices.Insert(b.keys, i, key)
	}
	return nil
}

// removeVersion removes a version if it exists. The caller holds s.mu.
func (s *backend) removeVersion(b *bucket, key string, id gofakes3.VersionID) error {
	versions := b.objects[key]
	i := slices.IndexFunc(versions, func(v *version) bool { return v.ID == id })
	if i < 0 {
		return nil
	}
	if err := s.records.versions.Delete(versionKey(b, key, versions[i])); err != nil {
		return err
	}
	if len(versions) > 1 {
		b.objects[key] = slices.Delete(slices.Clone(versions), i, i+1)
		return nil
	}
	delete(b.objects, key)
	if i, ok := slices.BinarySearch(b.keys, key); ok {
		b.keys = slices.Delete(b.keys, i, i+1)
	}
	return nil
}

// conditionalInfo returns the current state of an object. PutObject checks its conditions against
// this state. The caller holds backend.mu.
func (b *bucket) conditionalInfo(key string) *gofakes3.ConditionalObjectInfo {
	versions := b.objects[key]
	if len(versions) == 0 || versions[0].DeleteMarker {
		return &gofakes3.ConditionalObjectInfo{}
	}
	return &gofakes3.ConditionalObjectInfo{Exists: true, Hash: versions[0].MD5}
}

// findVersion returns the version with the id. For an empty id it returns the newest version, or a
// not-found error if the newest version is a delete marker.
func (s *backend) findVersion(bucketName, key string, id gofakes3.VersionID) (*version, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, err := s.bucket(bucketName)
	if err != nil {
		return nil, err
	}
	versions := b.objects[key]
	if len(versions) == 0 {
		return nil, gofakes3.KeyNotFound(key)
	}
	if id == "" {
		if versions[0].DeleteMarker {
			return nil, gofakes3.KeyNotFound(key)
		}
		return versions[0], nil
	}
	for _, v := range versions {
		if v.ID == id {
			return v, nil
		}
	}
	return nil, gofakes3.ErrNoSuchVersion
}
