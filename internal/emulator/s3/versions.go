package s3

import (
	"bytes"
	"io"

	"github.com/johannesboyne/gofakes3"
)

func (s *backend) VersioningConfiguration(
	bucketName string,
) (config gofakes3.VersioningConfiguration, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, err := s.bucket(bucketName)
	if err != nil {
		return config, err
	}
	config.Status = b.versioning
	return config, nil
}

func (s *backend) SetVersioningConfiguration(
	bucketName string, config gofakes3.VersioningConfiguration,
) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.bucket(bucketName)
	if err != nil {
		return err
	}
	if config.Status == "" || config.Status == b.versioning {
		return nil
	}
	b.versioning = config.Status
	return s.records.putBucket(b)
}

// GetObjectVersion reads the body while it holds the lock. Otherwise a concurrent change could
// delete the body.
func (s *backend) GetObjectVersion(
	bucketName, key string, id gofakes3.VersionID, requested *gofakes3.ObjectRangeRequest,
) (*gofakes3.Object, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	v, err := s.findVersion(bucketName, key, id)
	if err != nil {
		return nil, err
	}
	object := v.describe(key)
	object.Range, err = requested.Range(object.Size)
	if err != nil {
		return nil, err
	}
	start, length := int64(0), object.Size
	if object.Range != nil {
		start, length = object.Range.Start, object.Range.Length
	}
	body, err := s.readBody(v.stored, start, length)
	object.Contents = io.NopCloser(bytes.NewReader(body))
	return object, err
}

func (s *backend) HeadObjectVersion(
	bucketName, key string, id gofakes3.VersionID,
) (*gofakes3.Object, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	v, err := s.findVersion(bucketName, key, id)
	if err != nil {
		return nil, err
	}
	return v.describe(key), nil
}

// describe returns a version for gofakes3, without the body.
func (v *version) describe(key string) *gofakes3.Object {
	return &gofakes3.Object{
		Name:           key,
		Metadata:       v.Metadata,
		Size:           v.bodySize(),
		Contents:       io.NopCloser(bytes.NewReader(nil)),
		Hash:           v.MD5,
		VersionID:      v.ID,
		IsDeleteMarker: v.DeleteMarker,
	}
}

// DeleteObjectVersion permanently deletes one version.
func (s *backend) DeleteObjectVersion(
	bucketName, key string, id gofakes3.VersionID,
) (result gofakes3.ObjectDeleteResult, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.bucket(bucketName)
	if err != nil {
		return result, err
	}
	for _, v := range b.versions(key) {
		if versionID(v) == id {
			result = gofakes3.ObjectDeleteResult{VersionID: id, IsDeleteMarker: v.deleteMarker}
		}
	}
	return result, s.removeVersion(b, key, id)
}

func (s *backend) DeleteMultiVersions(
	bucketName string, ids ...gofakes3.ObjectID,
) (result gofakes3.MultiDeleteResult, err error) {
	for _, id := range ids {
		var err error
		if id.VersionID == "" {
			_, err = s.DeleteObject(bucketName, id.Key)
		} else {
			versionID := storedVersionID(gofakes3.VersionID(id.VersionID))
			_, err = s.DeleteObjectVersion(bucketName, id.Key, versionID)
		}
		if err != nil {
			failure := gofakes3.ErrorResultFromError(err)
			failure.Key = id.Key
			result.Error = append(result.Error, failure)
			continue
		}
		result.Deleted = append(result.Deleted, id)
	}
	return result, nil
}

// storedVersionID returns the id under which the backend stores a version. Clients use the id
// "null" for the null version, which the backend stores with an empty id.
func storedVersionID(id gofakes3.VersionID) gofakes3.VersionID {
	if id == "null" {
		return ""
	}
	return id
}

// ListBucketVersions lists versions sorted by key. The versions of one key are sorted from newest
// to oldest. ListBucketVersions does not support delimiters.
func (s *backend) ListBucketVersions(
	bucketName string, prefix *gofakes3.Prefix, page *gofakes3.ListBucketVersionsPage,
) (*gofakes3.ListBucketVersionsResult, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, err := s.bucket(bucketName)
	if err != nil {
		return nil, err
	}
	result := gofakes3.NewListBucketVersionsResult(bucketName, prefix, page)
	if prefix.HasDelimiter {
		return nil, gofakes3.ErrorMessage(gofakes3.ErrNotImplemented,
			"the local platform does not support delimiters in version listings")
	}
	start := max(page.KeyMarker, prefix.Prefix)
	i, _ := b.find(start)
	afterMarkers := page.KeyMarker == ""
	for _, o := range b.objects[i:] {
		key := o.key
		if !hasPrefix(key, prefix) {
			break
		}
		for j, stored := range o.versions {
			if !afterMarkers && key == page.KeyMarker {
				afterMarkers = page.HasVersionIDMarker &&
					versionID(stored) == storedVersionID(page.VersionIDMarker)
				continue
			}
			if int64(len(result.Versions)) == page.MaxKeys {
				result.IsTruncated = true
				return result, nil
			}
			v, err := s.read(stored)
			if err != nil {
				return nil, err
			}
			result.Versions = append(result.Versions, versionItem(key, v, j == 0))
			result.NextKeyMarker = key
			result.NextVersionIDMarker = v.ID
			if v.ID == "" {
				result.NextVersionIDMarker = "null"
			}
		}
		afterMarkers = true
	}
	result.NextKeyMarker, result.NextVersionIDMarker = "", ""
	return result, nil
}

func versionItem(key string, v *version, latest bool) gofakes3.VersionItem {
	modified := gofakes3.NewContentTime(v.Modified)
	if v.DeleteMarker {
		return &gofakes3.DeleteMarker{
			Key: key, VersionID: v.ID, IsLatest: latest, LastModified: modified,
		}
	}
	return &gofakes3.Version{
		Key: key, VersionID: v.ID, IsLatest: latest, LastModified: modified,
		Size: v.bodySize(), ETag: gofakes3.FormatETag(v.MD5),
		StorageClass: gofakes3.StorageStandard,
	}
}
