package conformance

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// minPart is the minimum size in bytes of every part except the last.
const minPart = 5 << 20

// upload represents a multipart upload of the object with the key "parts".
type upload struct {
	testBucket
	id    *string
	parts []types.CompletedPart
}

func (b testBucket) newUpload() *upload {
	b.Helper()
	out, err := b.client.CreateMultipartUpload(b.Context(), &s3.CreateMultipartUploadInput{
		Bucket: b.name, Key: aws.String("parts"), Metadata: map[string]string{"name": "value"},
		Tagging: aws.String("color=blue"),
	})
	if err != nil {
		b.Fatal(err)
	}
	return &upload{testBucket: b, id: out.UploadId}
}

func (u *upload) nextPartNumber() *int32 { return aws.Int32(int32(len(u.parts) + 1)) }

func (u *upload) send(body []byte) {
	u.Helper()
	number := u.nextPartNumber()
	out, err := u.client.UploadPart(u.Context(), &s3.UploadPartInput{
		Bucket: u.name, Key: aws.String("parts"), UploadId: u.id, PartNumber: number,
		Body: bytes.NewReader(body),
	})
	if err != nil {
		u.Fatal(err)
	}
	u.parts = append(u.parts, types.CompletedPart{PartNumber: number, ETag: out.ETag})
}

func (u *upload) copy(source, byteRange string) {
	u.Helper()
	number := u.nextPartNumber()
	out, err := u.client.UploadPartCopy(u.Context(), &s3.UploadPartCopyInput{
		Bucket: u.name, Key: aws.String("parts"), UploadId: u.id, PartNumber: number,
		CopySource: aws.String(*u.name + "/" + source), CopySourceRange: &byteRange,
	})
	if err != nil {
		u.Fatal(err)
	}
	u.parts = append(u.parts,
		types.CompletedPart{PartNumber: number, ETag: out.CopyPartResult.ETag})
}

func (u *upload) complete() (*s3.CompleteMultipartUploadOutput, error) {
	return u.client.CompleteMultipartUpload(u.Context(), &s3.CompleteMultipartUploadInput{
		Bucket: u.name, Key: aws.String("parts"), UploadId: u.id,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: u.parts},
	})
}

func TestS3_JoinsSentAndCopiedParts(t *testing.T) {
	forEachBucket(t, func(b testBucket) {
		large := bytes.Repeat([]byte("0123456789"), minPart/10+1)
		b.put("source", string(large))
		u := b.newUpload()
		u.send(large)
		u.copy("source", fmt.Sprintf("bytes=10-%d", minPart+9))
		u.send([]byte("end"))
		completed, err := u.complete()
		if err != nil {
			b.Fatal(err)
		}
		var digests []byte
		want := append(append(bytes.Clone(large), large[10:minPart]...), large[:10]...)
		want = append(want, "end"...)
		for _, part := range [][]byte{large, want[len(large) : len(large)+minPart], []byte("end")} {
			sum := md5.Sum(part)
			digests = append(digests, sum[:]...)
		}
		etag := fmt.Sprintf(`"%x-3"`, md5.Sum(digests))
		out, body := b.get("parts")
		if body != string(want) || out.Metadata["name"] != "value" {
			b.Errorf("got %d bytes with metadata %v, want %d", len(body), out.Metadata, len(want))
		}
		list, err := b.client.ListObjectsV2(b.Context(), &s3.ListObjectsV2Input{
			Bucket: b.name, Prefix: aws.String("parts"),
		})
		if err != nil {
			b.Fatal(err)
		}
		head, err := b.head("parts")
		if err != nil {
			b.Fatal(err)
		}
		for _, got := range []*string{completed.ETag, out.ETag, head.ETag, list.Contents[0].ETag} {
			if aws.ToString(got) != etag {
				b.Errorf("ETag %s, want %s", aws.ToString(got), etag)
			}
		}
		if tags := b.tags("parts"); tags != "color=blue" {
			b.Errorf("tags %s", tags)
		}
	})
}

func TestS3_ReadsAPartByItsNumber(t *testing.T) {
	forEachBucket(t, func(b testBucket) {
		if b.target.isMoto() {
			b.Skip("moto ignores the part number of GetObject") // S3 returns only the part
		}
		u := b.newUpload()
		u.send(make([]byte, minPart))
		u.send([]byte("end"))
		if _, err := u.complete(); err != nil {
			b.Fatal(err)
		}
		out, body := b.getObject(s3.GetObjectInput{
			Key: aws.String("parts"), PartNumber: aws.Int32(2),
		})
		if body != "end" || aws.ToInt32(out.PartsCount) != 2 {
			b.Errorf("got %.9q of %d parts", body, aws.ToInt32(out.PartsCount))
		}
		_, err := b.tryGet(s3.GetObjectInput{Key: aws.String("parts"), PartNumber: aws.Int32(3)})
		wantErrorCode(b.T, err, "InvalidPartNumber")
	})
}

func TestS3_RejectsInvalidParts(t *testing.T) {
	forEachBucket(t, func(b testBucket) {
		u := b.newUpload()
		u.send([]byte("small"))
		u.send(make([]byte, minPart))
		sent := u.parts
		_, err := u.complete()
		wantErrorCode(b.T, err, "EntityTooSmall")
		if !b.target.isMoto() { // moto joins the parts in the wrong order
			u.parts = []types.CompletedPart{sent[1], sent[0]}
			_, err = u.complete()
			wantErrorCode(b.T, err, "InvalidPartOrder")
		}
		u.parts = []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: sent[1].ETag}}
		_, err = u.complete()
		wantErrorCode(b.T, err, "InvalidPart")
		u.parts = sent[:1] // S3 discards the parts that are not listed
		if _, err := u.complete(); err != nil {
			b.Fatal(err)
		}
		if _, body := b.get("parts"); body != "small" {
			b.Errorf("got %.9q", body)
		}
	})
}

func TestS3_ListsAndAbortsUploads(t *testing.T) {
	forEachBucket(t, func(b testBucket) {
		u := b.newUpload()
		u.send([]byte("one"))
		u.send([]byte("two"))
		key := aws.String("parts")
		parts, err := b.client.ListParts(b.Context(), &s3.ListPartsInput{
			Bucket: b.name, Key: key, UploadId: u.id, MaxParts: aws.Int32(1),
		})
		if err != nil || len(parts.Parts) != 1 || *parts.Parts[0].Size != 3 ||
			*parts.Parts[0].ETag != *u.parts[0].ETag || !*parts.IsTruncated {
			b.Errorf("parts %+v, %v", parts, err)
		}
		uploads := func() []types.MultipartUpload {
			out, err := b.client.ListMultipartUploads(b.Context(),
				&s3.ListMultipartUploadsInput{Bucket: b.name})
			if err != nil {
				b.Fatal(err)
			}
			return out.Uploads
		}
		if list := uploads(); len(list) != 1 || *list[0].UploadId != *u.id {
			b.Errorf("uploads %+v", list)
		}
		_, err = b.client.AbortMultipartUpload(b.Context(), &s3.AbortMultipartUploadInput{
			Bucket: b.name, Key: key, UploadId: u.id,
		})
		if list := uploads(); err != nil || len(list) != 0 {
			b.Errorf("uploads after the abort: %+v, %v", list, err)
		}
		if b.target.isMoto() {
			return // moto fails with an internal error. S3 reports that the upload does not exist.
		}
		_, err = u.complete()
		wantErrorCode(b.T, err, "NoSuchUpload")
	})
}

// tags returns the tags of an object in the form a=1&b=2.
func (b testBucket) tags(key string) string {
	b.Helper()
	out, err := b.client.GetObjectTagging(b.Context(), &s3.GetObjectTaggingInput{
		Bucket: b.name, Key: &key,
	})
	if err != nil {
		b.Fatal(err)
	}
	var list []string
	for _, tag := range out.TagSet {
		list = append(list, *tag.Key+"="+*tag.Value)
	}
	return strings.Join(list, "&")
}

func TestS3_TagsObjects(t *testing.T) {
	forEachBucket(t, func(b testBucket) {
		key := aws.String("key")
		_, err := b.tryPut("body", s3.PutObjectInput{Key: key, Tagging: aws.String("a=1&b=2%2B3")})
		if err != nil {
			b.Fatal(err)
		}
		if got := b.tags("key"); got != "a=1&b=2+3" {
			b.Errorf("tags %s", got)
		}
		copyOf := func(name string, directive types.TaggingDirective) string {
			b.Helper()
			_, err := b.client.CopyObject(b.Context(), &s3.CopyObjectInput{
				Bucket: b.name, Key: &name, CopySource: aws.String(*b.name + "/key"),
				TaggingDirective: directive, Tagging: aws.String("new=1"),
			})
			if err != nil {
				b.Fatal(err)
			}
			return b.tags(name)
		}
		if got := copyOf("replaced", types.TaggingDirectiveReplace); got != "new=1" {
			b.Errorf("tags %s", got)
		}
		if got := copyOf("copied", types.TaggingDirectiveCopy); got != "a=1&b=2+3" {
			b.Errorf("tags %s", got)
		}
		_, err = b.client.PutObjectTagging(b.Context(), &s3.PutObjectTaggingInput{
			Bucket: b.name, Key: key, Tagging: &types.Tagging{
				TagSet: []types.Tag{{Key: aws.String("c"), Value: aws.String("")}},
			},
		})
		if got := b.tags("key"); err != nil || got != "c=" {
			b.Errorf("tags %s, %v", got, err)
		}
		_, err = b.client.DeleteObjectTagging(b.Context(), &s3.DeleteObjectTaggingInput{
			Bucket: b.name, Key: key,
		})
		if got := b.tags("key"); err != nil || got != "" {
			b.Errorf("tags %s, %v", got, err)
		}
		_, err = b.client.GetObjectTagging(b.Context(), &s3.GetObjectTaggingInput{
			Bucket: b.name, Key: aws.String("absent"),
		})
		wantErrorCode(b.T, err, "NoSuchKey")
	})
}
