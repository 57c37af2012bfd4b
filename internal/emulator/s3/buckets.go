package s3

import (
	"errors"
	"net/http"
)

// owner represents an account in responses. All buckets have the same owner.
type owner struct{ ID, DisplayName string }

var localOwner = owner{"local", "local"}

func (s *Service) listBuckets(c *call) error {
	type listed struct{ Name, CreationDate string }
	var out struct {
		Owner   owner
		Buckets struct{ Bucket []listed }
	}
	out.Owner = localOwner
	s.objects.mu.RLock()
	defer s.objects.mu.RUnlock()
	s.objects.buckets.Scan(func(name string, b *bucket) bool {
		out.Buckets.Bucket = append(out.Buckets.Bucket, listed{name, xmlTime(b.created)})
		return true
	})
	return c.respond("ListAllMyBucketsResult", out)
}

func (s *Service) createBucket(c *call) error {
	err := s.objects.createBucket(c.bucket, s.config.Now())
	if errors.Is(err, errBucketExists) && s.config.Region == "us-east-1" {
		err = nil // in all other regions, S3 returns the error
	}
	if err != nil {
		return err
	}
	c.w.Header().Set("Location", "/"+c.bucket)
	return nil
}

// deleteBucket deletes an empty bucket and its multipart uploads, like S3.
func (s *Service) deleteBucket(c *call) error {
	deleted, err := s.objects.deleteBucket(c.bucket)
	if err != nil {
		return err
	}
	for _, up := range s.uploads.removeAll(deleted) {
		s.releaseParts(up)
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Service) headBucket(c *call) error {
	c.w.Header().Set("X-Amz-Bucket-Region", s.config.Region)
	return nil
}

func (s *Service) getBucketLocation(c *call) error {
	region := s.config.Region
	if region == "us-east-1" {
		region = "" // S3 returns no name for this region
	}
	return c.respond("LocationConstraint", region)
}

// versioningConfiguration represents the XML document with the versioning of a bucket.
type versioningConfiguration struct {
	Status string `xml:",omitempty"`
}

func (s *Service) getBucketVersioning(c *call) error {
	var out versioningConfiguration
	err := s.objects.view(c.bucket, func(b *bucket) error {
		out.Status = b.versioning
		return nil
	})
	if err != nil {
		return err
	}
	return c.respond("VersioningConfiguration", out)
}

func (s *Service) putBucketVersioning(c *call) error {
	var in versioningConfiguration
	if err := s.readXML(c.r, "VersioningConfiguration", &in); err != nil {
		return err
	}
	if in.Status != versioningEnabled && in.Status != versioningSuspended {
		return newFailure(http.StatusBadRequest, "IllegalVersioningConfigurationException",
			"The Versioning element must be specified")
	}
	return s.objects.changeBucket(c.bucket, func(b *bucket) { b.versioning = in.Status })
}
