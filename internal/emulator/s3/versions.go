package s3

import (
	"bytes"
	"io"
	"slices"

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

func (s *backend) GetObjectVersion(
	bucketName, key string, id gofakes3.VersionID, requested *gofakes3.ObjectRangeRequest,
) (*gofakes3.Object, error) {
	object, v, err := s.object(bucketName, key, id)
	if err != nil {
		return nil, err
	}
	object.Range, err = requested.Range(object.Size)
	if err != nil {
		return nil, err
	}
	body := v.body
	if object.Range != nil {
		body = body[object.Range.Start : object.Range.Start+object.Range.Length]
	}
	object.Contents = io.NopCloser(bytes.NewReader(body))
	return object, nil
}

func (s *backend) HeadObjectVersion(
	bucketName, key string, id gofakes3.VersionID,
) (*gofakes3.Object, error) {
	object, _, err := s.object(bucketName, key, id)
	return object, err
}

// object returns a version and its description for gofakes3. The description does not contain the
// body.
func (s *backend) object(
	bucketName, key string, id gofakes3.VersionID,
) (*gofakes3.Object, *version, error) {
	v, err := s.findVersion(bucketName, key, id)
	if err != nil {
		return nil, nil, err
	}
	return &gofakes3.Object{
		Name:           key,
		Metadata:       v.Metadata,
		Size:           int64(len(v.body)),
		Contents:       io.NopCloser(bytes.NewReader(nil)),
		Hash:           v.MD5,
		VersionID:      v.ID,
		IsDeleteMarker: v.DeleteMarker,
	}, v, nil
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
	for _, v := range b.objects[key] {
		if v.ID == id {
			result = gofakes3.ObjectDeleteResult{VersionID: id, IsDeleteMarker: v.DeleteMarker}
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
	i, _ := slices.BinarySearch(b.keys, start)
	afterMarkers := page.KeyMarker == ""
	for _, key := range b.keys[i:] {
		if !hasPrefix(key, prefix) {
			break
		}
		for j, v := range b.objects[key] {
			if !afterMarkers && key == page.KeyMarker {
				afterMarkers = page.HasVersionIDMarker &&
					v.ID == storedVersionID(page.VersionIDMarker)
				continue
			}
			if int64(len(result.Versions)) == page.MaxKeys {
				result.IsTruncated = true
				return result, nil
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
		Size: int64(len(v.body)), ETag: gofakes3.FormatETag(v.MD5),
		StorageClass: gofakes3.StorageStandard,
	}
}
