package s3

import (
	"cmp"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of tags, as in S3.
const (
	maxObjectTags = 10
	maxBucketTags = 50
	maxTagKey     = 128
	maxTagValue   = 256
)

// tag represents a tag of an object or a bucket.
type tag struct{ Key, Value string }

// tagging represents the XML document with the tags of an object or a bucket.
type tagging struct {
	TagSet struct{ Tag []tag }
}

// tagText matches a text that can be a tag's key or value. It does not check the length.
var tagText = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

func invalidTag(message string) error {
	return newFailure(http.StatusBadRequest, "InvalidTag", message)
}

// checkTags validates tags and sorts them by key.
func checkTags(tags []tag, limit int) error {
	if len(tags) > limit {
		message := "Object tags cannot be greater than 10"
		if limit == maxBucketTags {
			message = "Bucket tag count cannot be greater than 50"
		}
		return newFailure(http.StatusBadRequest, "BadRequest", message)
	}
	slices.SortStableFunc(tags, func(a, b tag) int { return cmp.Compare(a.Key, b.Key) })
	for i, t := range tags {
		switch {
		case i > 0 && tags[i-1].Key == t.Key:
			return invalidTag("Cannot provide multiple Tags with the same key")
		case t.Key == "" || utf8.RuneCountInString(t.Key) > maxTagKey ||
			!tagText.MatchString(t.Key):
			return invalidTag("The TagKey you have provided is invalid")
		case utf8.RuneCountInString(t.Value) > maxTagValue || !tagText.MatchString(t.Value):
			return invalidTag("The TagValue you have provided is invalid")
		case strings.HasPrefix(t.Key, "aws:"):
			return invalidTag("System tags cannot be added/updated by requester")
		}
	}
	return nil
}

// parseTagHeader returns the tags in the header x-amz-tagging of a request.
func parseTagHeader(header http.Header) ([]tag, error) {
	values, err := url.ParseQuery(header.Get("X-Amz-Tagging"))
	if err != nil {
		return nil, invalidArgument("x-amz-tagging", header.Get("X-Amz-Tagging"),
			"The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query "+
				"parameters without tag name duplicates.")
	}
	var tags []tag
	for key, list := range values {
		for _, value := range list {
			tags = append(tags, tag{key, value})
		}
	}
	return tags, checkTags(tags, maxObjectTags)
}

// readTags returns the tags in the body of a request.
func (s *Service) readTags(c *call, limit int) ([]tag, error) {
	var in tagging
	if err := s.readXML(c.r, "Tagging", &in); err != nil {
		return nil, err
	}
	return in.TagSet.Tag, checkTags(in.TagSet.Tag, limit)
}

func (c *call) writeTags(tags []tag) error {
	var out tagging
	out.TagSet.Tag = tags
	return c.respond("Tagging", out)
}

func (s *Service) getObjectTagging(c *call) error {
	v, err := s.findObject(c)
	if err != nil {
		return err
	}
	return c.writeTags(v.Tags)
}

func (s *Service) putObjectTagging(c *call) error {
	tags, err := s.readTags(c, maxObjectTags)
	if err != nil {
		return err
	}
	return s.setObjectTags(c, tags)
}

func (s *Service) deleteObjectTagging(c *call) error {
	if err := s.setObjectTags(c, nil); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Service) setObjectTags(c *call, tags []tag) error {
	return s.objects.update(c.bucket, func(b *bucket) error {
		v, err := s.findIn(b, c)
		if err != nil {
			return err
		}
		v.Tags = tags
		return s.objects.replace(b, c.key, v.stored, v)
	})
}

func (s *Service) getBucketTagging(c *call) error {
	var tags []tag
	err := s.objects.view(c.bucket, func(b *bucket) error {
		if tags = b.tags; len(tags) == 0 {
			return newFailure(http.StatusNotFound, "NoSuchTagSet", "The TagSet does not exist",
				"BucketName", c.bucket)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.writeTags(tags)
}

func (s *Service) putBucketTagging(c *call) error {
	tags, err := s.readTags(c, maxBucketTags)
	if err != nil {
		return err
	}
	if err := s.objects.changeBucket(c.bucket, func(b *bucket) { b.tags = tags }); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Service) deleteBucketTagging(c *call) error {
	if err := s.objects.changeBucket(c.bucket, func(b *bucket) { b.tags = nil }); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}
