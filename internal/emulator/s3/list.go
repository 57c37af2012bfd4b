package s3

import (
	"slices"
	"strings"

	"github.com/johannesboyne/gofakes3"
)

// ListBucket lists keys in order, starting after the page's marker. Keys with the delimiter after
// the prefix are grouped into common prefixes. Each of those counts as one entry.
func (s *backend) ListBucket(
	bucketName string, prefix *gofakes3.Prefix, page gofakes3.ListBucketPage,
) (*gofakes3.ObjectList, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, err := s.bucket(bucketName)
	if err != nil {
		return nil, err
	}

	list := gofakes3.NewObjectList()
	last := "" // the latest entry: a key or a common prefix
	var count int64
	for i := b.firstIndex(prefix, page); i < len(b.keys) && hasPrefix(b.keys[i], prefix); {
		key := b.keys[i]
		newest := b.objects[key][0]
		if newest.DeleteMarker {
			i++
			continue
		}
		if count == page.MaxKeys {
			if count > 0 {
				list.IsTruncated, list.NextMarker = true, last
			}
			return list, nil
		}
		count++
		if group, ok := commonPrefix(key, prefix); ok {
			list.AddPrefix(group)
			last = group
			i = b.indexAfterPrefix(group)
			continue
		}
		list.Add(&gofakes3.Content{
			Key:          key,
			LastModified: gofakes3.NewContentTime(newest.Modified),
			ETag:         gofakes3.FormatETag(newest.MD5),
			Size:         int64(len(newest.body)),
			StorageClass: gofakes3.StorageStandard,
		})
		last = key
		i++
	}
	return list, nil
}

// firstIndex returns the index of the first key that may be on the page.
func (b *bucket) firstIndex(prefix *gofakes3.Prefix, page gofakes3.ListBucketPage) int {
	if !page.HasMarker || page.Marker < prefix.Prefix {
		i, _ := slices.BinarySearch(b.keys, prefix.Prefix)
		return i
	}
	if group, ok := commonPrefix(page.Marker, prefix); ok && group == page.Marker {
		return b.indexAfterPrefix(group) // the last entry of the previous page
	}
	i, found := slices.BinarySearch(b.keys, page.Marker)
	if found {
		i++
	}
	return i
}

// indexAfterPrefix returns the index of the first key after all keys with the prefix.
func (b *bucket) indexAfterPrefix(prefix string) int {
	i, _ := slices.BinarySearchFunc(b.keys, prefix, func(key, prefix string) int {
		if key < prefix || strings.HasPrefix(key, prefix) {
			return -1
		}
		return 1
	})
	return i
}

func hasPrefix(key string, prefix *gofakes3.Prefix) bool {
	return strings.HasPrefix(key, prefix.Prefix)
}

// commonPrefix returns the part of the key up to the first delimiter after the prefix, if any.
func commonPrefix(key string, prefix *gofakes3.Prefix) (string, bool) {
	rest, ok := strings.CutPrefix(key, prefix.Prefix)
	if !ok || prefix.Delimiter == "" {
		return "", false
	}
	folder, _, ok := strings.Cut(rest, prefix.Delimiter)
	if !ok {
		return "", false
	}
	return prefix.Prefix + folder + prefix.Delimiter, true
}
