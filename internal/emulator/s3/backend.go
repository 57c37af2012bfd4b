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

// maxUserMetadata is S3's limit on the names and values of x-amz-meta headers together.
const maxUserMetadata = 2 << 10

var (
	_ gofakes3.Backend          = (*backend)(nil)
	_ gofakes3.VersionedBackend = (*backend)(nil)
)

// backend holds the buckets for gofakes3.
type backend struct {
	records records
	now     func() time.Time

	mu      sync.RWMutex // guards buckets, not what is in them
	buckets map[string]*bucket
}

// bucket holds objects by their key.
type bucket struct {
	name    string
	created time.Time

	mu         sync.RWMutex
	deleted    bool
	versioning gofakes3.VersioningStatus
	objects    map[string][]*version // by key, the newest version first
	keys       []string              // of objects, sorted
	sequence   uint64                // of the newest version
}

// version is one state of an object. It never changes once it is in a bucket.
type version struct {
	sequence uint64 // orders the versions of a bucket
	body     []byte

	ID           gofakes3.VersionID // empty for the null version, which an unversioned bucket has
	DeleteMarker bool               `json:",omitempty"`
	MD5          []byte             `json:",omitempty"`
	Metadata     map[string]string  `json:",omitempty"`
	Modified     time.Time
}

func newBackend(db *store.DB, now func() time.Time) (*backend, error) {
	state, err := openRecords(db)
	if err != nil {
		return nil, err
	}
	buckets, err := state.load()
	if err != nil {
		return nil, err
	}
	return &backend{records: state, now: now, buckets: buckets}, nil
}

func (s *backend) bucket(name string) (*bucket, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, ok := s.buckets[name]
	if !ok {
		return nil, gofakes3.BucketNotFound(name)
	}
	return b, nil
}

// lockBucket returns the bucket locked for a change.
func (s *backend) lockBucket(name string) (*bucket, error) {
	b, err := s.bucket(name)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	if b.deleted {
		b.mu.Unlock()
		return nil, gofakes3.BucketNotFound(name)
	}
	return b, nil
}

func (s *backend) ListBuckets() ([]gofakes3.BucketInfo, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var infos []gofakes3.BucketInfo
	for _, b := range s.buckets {
		infos = append(infos, gofakes3.BucketInfo{Name: b.name, CreationDate: gofakes3.NewContentTime(b.created)})
	}
	slices.SortFunc(infos, func(a, b gofakes3.BucketInfo) int { return cmp.Compare(a.Name, b.Name) })
	return infos, nil
}

// CreateBucket succeeds on a bucket that exists, as S3 does in us-east-1 when the owner creates it again.
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
	b, ok := s.buckets[name]
	if !ok {
		return gofakes3.BucketNotFound(name)
	}
	b.mu.Lock() // an upload that got hold of the bucket goes first
	defer b.mu.Unlock()
	if len(b.keys) > 0 {
		return gofakes3.ResourceError(gofakes3.ErrBucketNotEmpty, name)
	}
	if err := s.records.deleteBucket(b); err != nil {
		return err
	}
	b.deleted = true
	delete(s.buckets, name)
	return nil
}

// ForceDeleteBucket is MinIO's extension, which S3 does not have.
func (s *backend) ForceDeleteBucket(string) error {
	return gofakes3.ErrNotImplemented
}

func (s *backend) GetObject(bucketName, key string, asked *gofakes3.ObjectRangeRequest) (*gofakes3.Object, error) {
	return s.GetObjectVersion(bucketName, key, "", asked)
}

func (s *backend) HeadObject(bucketName, key string) (*gofakes3.Object, error) {
	return s.HeadObjectVersion(bucketName, key, "")
}

// PutObject stores what it reads, if the conditions hold when it has read it all.
func (s *backend) PutObject(bucketName, key string, headers map[string]string, input io.Reader, size int64, conditions *gofakes3.PutConditions) (gofakes3.PutObjectResult, error) {
	var result gofakes3.PutObjectResult
	metadata, err := objectMetadata(headers)
	if err != nil {
		return result, err
	}
	body, err := gofakes3.ReadAll(input, size)
	if err != nil {
		return result, err
	}
	sum := md5.Sum(body)

	b, err := s.lockBucket(bucketName)
	if err != nil {
		return result, err
	}
	defer b.mu.Unlock()
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

// objectMetadata picks what is kept with the object from the request's headers, all of which gofakes3 hands over.
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
			// aws-chunked is how the body was sent; it is not part of the object.
			if value = strings.Trim(strings.Replace(value, "aws-chunked", "", 1), ", "); value != "" {
				metadata[name] = value
			}
		case isChecksum, name == "Content-Type", name == "Content-Disposition", name == "Last-Modified":
			metadata[name] = value
		}
	}
	if size > maxUserMetadata {
		return nil, gofakes3.ErrorMessage(gofakes3.ErrMetadataTooLarge, "Your metadata headers exceed the maximum allowed metadata size")
	}
	return metadata, nil
}

func (s *backend) CopyObject(fromBucket, fromKey, toBucket, toKey string, headers map[string]string) (gofakes3.CopyObjectResult, error) {
	var result gofakes3.CopyObjectResult
	from, err := s.bucket(fromBucket)
	if err != nil {
		return result, err
	}
	v, err := from.findVersion(fromKey, "")
	if err != nil {
		return result, err
	}
	if _, err := s.PutObject(toBucket, toKey, headers, bytes.NewReader(v.body), int64(len(v.body)), nil); err != nil {
		return result, err
	}
	return gofakes3.CopyObjectResult{ETag: gofakes3.FormatETag(v.MD5), LastModified: gofakes3.NewContentTime(s.now())}, nil
}

// DeleteObject removes the object, or covers it with a delete marker where versions are kept.
func (s *backend) DeleteObject(bucketName, key string) (gofakes3.ObjectDeleteResult, error) {
	var result gofakes3.ObjectDeleteResult
	b, err := s.lockBucket(bucketName)
	if err != nil {
		return result, err
	}
	defer b.mu.Unlock()
	if b.versioning == "" {
		return result, s.removeVersion(b, key, "")
	}
	marker := &version{DeleteMarker: true, Modified: s.now()}
	if err := s.addVersion(b, key, marker); err != nil {
		return result, err
	}
	return gofakes3.ObjectDeleteResult{IsDeleteMarker: true, VersionID: marker.ID}, nil
}

func (s *backend) DeleteMulti(bucketName string, keys ...string) (gofakes3.MultiDeleteResult, error) {
	var ids []gofakes3.ObjectID
	for _, key := range keys {
		ids = append(ids, gofakes3.ObjectID{Key: key})
	}
	return s.DeleteMultiVersions(bucketName, ids...)
}

// addQueue puts a new version in front of the object's others. Where no versions are kept it takes the null version's place.
// The caller holds the bucket's lock.
func (s *backend) addVersion(b *bucket, key string, v *version) error {
	b.sequence++
	v.sequence = b.sequence
	versions, exists := b.objects[key]
	switch {
	case b.versioning == gofakes3.VersioningEnabled:
		v.ID = gofakes3.VersionID(fmt.Sprintf("%0*x", sequenceDigits, v.sequence))
	case exists && versions[0].ID == "":
		v.sequence = versions[0].sequence // the one write to the state replaces it too
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

// removeVersion takes a version away; it is no error if there is none. The caller holds the bucket's lock.
func (s *backend) removeVersion(b *bucket, key string, id gofakes3.VersionID) error {
	versions := b.objects[key]
	i := slices.IndexFunc(versions, func(v *version) bool { return v.ID == id })
	if i < 0 {
		return nil
	}
	if err := s.records.deleteVersion(b, key, versions[i]); err != nil {
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

// conditionalInfo is what a put's conditions are checked against. The caller holds the bucket's lock.
func (b *bucket) conditionalInfo(key string) *gofakes3.ConditionalObjectInfo {
	versions := b.objects[key]
	if len(versions) == 0 || versions[0].DeleteMarker {
		return &gofakes3.ConditionalObjectInfo{}
	}
	return &gofakes3.ConditionalObjectInfo{Exists: true, Hash: versions[0].MD5}
}

// lookup returns a version, or the newest if the id is empty and it is no delete marker.
func (b *bucket) findVersion(key string, id gofakes3.VersionID) (*version, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
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
