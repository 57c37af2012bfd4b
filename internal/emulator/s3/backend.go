package s3

import (
	"cmp"
	"crypto/md5"
	"encoding/json"
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
	values  store.Values // the versions of all buckets
	now     func() time.Time

	mu      sync.RWMutex // guards the buckets and their versions
	buckets map[string]*bucket
}

// bucket holds the versions of a bucket's objects.
type bucket struct {
	name       string
	created    time.Time
	versioning gofakes3.VersioningStatus
	objects    []object // sorted by key
	sequence   uint64   // sequence of the newest version
}

// object locates the versions of an object, newest version first.
type object struct {
	key      string
	versions []stored
}

// version describes one version of an object, without the body. A version in a bucket never
// changes.
type version struct {
	stored `json:"-"`

	// ID is "" for S3's null version. A bucket without versioning has only null versions.
	ID           gofakes3.VersionID
	DeleteMarker bool              `json:",omitempty"`
	MD5          []byte            `json:",omitempty"`
	Metadata     map[string]string `json:",omitempty"`
	Modified     time.Time
}

// stored locates a version in backend.values, where the version's JSON precedes the body. Only
// stored is in memory for each version, so that a bucket with many objects takes little memory.
type stored struct {
	sequence     uint64 // increases with each version that is added to the bucket
	at           store.Ref
	header       uint32 // length of the JSON
	null         bool   // whether this is the null version
	deleteMarker bool
}

func (v stored) bodySize() int64 { return v.at.Size - int64(v.header) }

func newBackend(db *store.DB, now func() time.Time) (*backend, error) {
	records, err := openRecords(db)
	if err != nil {
		return nil, err
	}
	s := &backend{records: records, now: now}
	s.buckets, err = records.load(&s.values)
	return s, err
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
	b := &bucket{name: name, created: s.now()}
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
	if len(b.objects) > 0 {
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
		info, err := s.conditionalInfo(b, key)
		if err != nil {
			return result, err
		}
		if err := gofakes3.CheckPutConditions(conditions, info); err != nil {
			return result, err
		}
	}
	v := &version{MD5: sum[:], Metadata: metadata, Modified: s.now()}
	if err := s.addVersion(b, key, v, body); err != nil {
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
	from, err := s.GetObject(fromBucket, fromKey, nil)
	if err != nil {
		return result, err
	}
	_, err = s.PutObject(toBucket, toKey, headers, from.Contents, from.Size, nil)
	if err != nil {
		return result, err
	}
	result.ETag = gofakes3.FormatETag(from.Hash)
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
	if err := s.addVersion(b, key, marker, nil); err != nil {
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
func (s *backend) addVersion(b *bucket, key string, v *version, body []byte) error {
	b.sequence++
	v.sequence, v.null, v.deleteMarker = b.sequence, true, v.DeleteMarker
	versions := b.versions(key)
	replaces := false
	switch {
	case b.versioning == gofakes3.VersioningEnabled:
		v.null = false
		v.ID = versionID(v.stored)
	case len(versions) > 0 && versions[0].null:
		replaces = true
		v.sequence = versions[0].sequence // so that v replaces the record of the null version
	default:
		if err := s.removeVersion(b, key, ""); err != nil {
			return err
		}
	}
	header, err := json.Marshal(v)
	if err != nil {
		return err
	}
	header = append(header, '\n')
	v.header = uint32(len(header))
	if v.at, err = s.values.Put(header, body); err != nil {
		return err
	}
	if err := s.records.putVersion(b, key, v.sequence, header, body); err != nil {
		return err
	}
	if replaces {
		s.values.Delete(versions[0].at)
		versions[0] = v.stored
		return nil
	}
	b.add(key, v.stored)
	return nil
}

// removeVersion removes a version if it exists. The caller holds s.mu.
func (s *backend) removeVersion(b *bucket, key string, id gofakes3.VersionID) error {
	o, exists := b.find(key)
	if !exists {
		return nil
	}
	versions := b.objects[o].versions
	i := slices.IndexFunc(versions, func(v stored) bool { return versionID(v) == id })
	if i < 0 {
		return nil
	}
	if err := s.records.deleteVersion(b, key, versions[i].sequence); err != nil {
		return err
	}
	s.values.Delete(versions[i].at)
	if len(versions) == 1 {
		b.objects = slices.Delete(b.objects, o, o+1)
		return nil
	}
	b.objects[o].versions = slices.Delete(versions, i, i+1)
	return nil
}

func versionID(v stored) gofakes3.VersionID {
	if v.null {
		return ""
	}
	return gofakes3.VersionID(fmt.Sprintf("%0*x", sequenceDigits, v.sequence))
}

// conditionalInfo returns the current state of an object. PutObject checks its conditions against
// this state. The caller holds s.mu.
func (s *backend) conditionalInfo(
	b *bucket, key string,
) (*gofakes3.ConditionalObjectInfo, error) {
	versions := b.versions(key)
	if len(versions) == 0 || versions[0].deleteMarker {
		return &gofakes3.ConditionalObjectInfo{}, nil
	}
	newest, err := s.read(versions[0])
	if err != nil {
		return nil, err
	}
	return &gofakes3.ConditionalObjectInfo{Exists: true, Hash: newest.MD5}, nil
}

// findVersion returns the version with the id. For an empty id it returns the newest version, or a
// not-found error if the newest version is a delete marker. The caller holds s.mu.
func (s *backend) findVersion(bucketName, key string, id gofakes3.VersionID) (*version, error) {
	b, err := s.bucket(bucketName)
	if err != nil {
		return nil, err
	}
	versions := b.versions(key)
	if len(versions) == 0 {
		return nil, gofakes3.KeyNotFound(key)
	}
	if id == "" {
		if versions[0].deleteMarker {
			return nil, gofakes3.KeyNotFound(key)
		}
		return s.read(versions[0])
	}
	for _, v := range versions {
		if versionID(v) == id {
			return s.read(v)
		}
	}
	return nil, gofakes3.ErrNoSuchVersion
}

// read returns the description of a version. The caller holds s.mu.
func (s *backend) read(v stored) (*version, error) {
	header, err := s.values.GetPart(v.at, 0, int64(v.header))
	if err != nil {
		return nil, err
	}
	out := &version{stored: v}
	return out, json.Unmarshal(header, out)
}

// readBody returns a part of a version's body. The caller holds s.mu.
func (s *backend) readBody(v stored, start, length int64) ([]byte, error) {
	start += int64(v.header)
	return s.values.GetPart(v.at, start, start+length)
}

// For the methods below, the caller holds backend.mu.

// find returns the index of the object with the key, or the index at which to insert it.
func (b *bucket) find(key string) (index int, exists bool) {
	return slices.BinarySearchFunc(b.objects, key, func(o object, key string) int {
		return cmp.Compare(o.key, key)
	})
}

// versions returns the versions of an object, newest version first.
func (b *bucket) versions(key string) []stored {
	if i, ok := b.find(key); ok {
		return b.objects[i].versions
	}
	return nil
}

// add adds v as the newest version of an object.
func (b *bucket) add(key string, v stored) {
	i, exists := b.find(key)
	if !exists {
		// The key may be part of a longer string, such as the URL of a request.
		b.objects = slices.Insert(b.objects, i, object{key: strings.Clone(key)})
	}
	b.objects[i].versions = slices.Insert(b.objects[i].versions, 0, v)
}
