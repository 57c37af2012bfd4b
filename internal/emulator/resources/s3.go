package resources

import (
	"cmp"
	"strings"
)

type bucketProperties struct {
	BucketName              string
	VersioningConfiguration struct{ Status string }
	BucketEncryption        struct {
		ServerSideEncryptionConfiguration []struct {
			ServerSideEncryptionByDefault struct{ KMSMasterKeyID string }
		}
	}
}

func createBucket(c *creation, in bucketProperties) (values, error) {
	name := cmp.Or(in.BucketName, strings.ToLower(c.name("", 63)))
	if err := c.S3.CreateBucket(name, in.VersioningConfiguration.Status); err != nil {
		return values{}, err
	}
	for _, rule := range in.BucketEncryption.ServerSideEncryptionConfiguration {
		c.encrypt(bucketARN(name), rule.ServerSideEncryptionByDefault.KMSMasterKeyID)
	}
	return newValues(name, "Arn", bucketARN(name),
		"DomainName", name+".s3.amazonaws.com",
		"RegionalDomainName", name+".s3."+c.Region+".amazonaws.com"), nil
}

func bucketARN(name string) string { return "arn:aws:s3:::" + name }

type bucketPolicyProperties struct {
	Bucket         string
	PolicyDocument document
}

func createBucketPolicy(c *creation, in bucketPolicyProperties) (values, error) {
	return newValues(in.Bucket), c.addResourcePolicy(bucketARN(in.Bucket), in.PolicyDocument)
}
