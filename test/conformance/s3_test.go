package conformance

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	locals3 "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/s3"
)

func init() {
	mount("", func(string) (http.Handler, error) { return locals3.New(locals3.Config{}) })
}

// forEachBucket gives fn a client and a new bucket of each target.
func forEachBucket(t *testing.T, fn func(t *testing.T, target target, client *s3.Client, bucket string)) {
	t.Helper()
	forEachTarget(t, func(t *testing.T, target target) {
		client := s3.NewFromConfig(target.Config)
		fn(t, target, client, createBucket(t, client))
	})
}

func createBucket(tb testing.TB, client *s3.Client) string {
	tb.Helper()
	bucket := uniqueName("bucket")
	if _, err := client.CreateBucket(tb.Context(), &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
		tb.Fatal(err)
	}
	return bucket
}

func put(t *testing.T, client *s3.Client, bucket, key, body string) *s3.PutObjectOutput {
	t.Helper()
	out, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(body)})
	if err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
	return out
}

func get(t *testing.T, client *s3.Client, in *s3.GetObjectInput) (*s3.GetObjectOutput, string) {
	t.Helper()
	out, err := client.GetObject(t.Context(), in)
	if err != nil {
		t.Fatalf("get %s: %v", *in.Key, err)
	}
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatalf("read %s: %v", *in.Key, err)
	}
	return out, string(body)
}

// wantCode checks an error's AWS code.
func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var failure smithy.APIError
	if !errors.As(err, &failure) || failure.ErrorCode() != code {
		t.Errorf("got error %v, want %s", err, code)
	}
}

func TestS3_GetReturnsBytesAndMetadataAsPut(t *testing.T) {
	forEachBucket(t, func(t *testing.T, _ target, client *s3.Client, bucket string) {
		body := "{\"é\":\t1}\r\n\x00\xff"
		putOut, err := client.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: &bucket, Key: aws.String("bronze/démo/a b+c.json"), Body: strings.NewReader(body),
			ContentType: aws.String("application/json"), Metadata: map[string]string{"event-type": "demo"},
		})
		if err != nil {
			t.Fatal(err)
		}
		out, got := get(t, client, &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("bronze/démo/a b+c.json")})
		if got != body {
			t.Errorf("body is %q, want %q", got, body)
		}
		if *out.ContentType != "application/json" || out.Metadata["event-type"] != "demo" {
			t.Errorf("content type %q and metadata %v", *out.ContentType, out.Metadata)
		}
		if *out.ContentLength != int64(len(body)) || *out.ETag != *putOut.ETag || out.LastModified.IsZero() {
			t.Errorf("length %d, etag %s (put: %s), last modified %v", *out.ContentLength, *out.ETag, *putOut.ETag, out.LastModified)
		}
	})
}

func TestS3_PutReplacesMetadataOfTheObjectBefore(t *testing.T) {
	forEachBucket(t, func(t *testing.T, _ target, client *s3.Client, bucket string) {
		_, err := client.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: &bucket, Key: aws.String("key"), Body: strings.NewReader("1"), Metadata: map[string]string{"old": "yes"},
		})
		if err != nil {
			t.Fatal(err)
		}
		put(t, client, bucket, "key", "2")
		out, body := get(t, client, &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("key")})
		if body != "2" || len(out.Metadata) != 0 {
			t.Errorf("got %q with metadata %v", body, out.Metadata)
		}
	})
}

func TestS3_EmptyObject(t *testing.T) {
	forEachBucket(t, func(t *testing.T, _ target, client *s3.Client, bucket string) {
		put(t, client, bucket, "empty", "")
		if _, body := get(t, client, &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("empty")}); body != "" {
			t.Errorf("got %q", body)
		}
	})
}

func TestS3_PutIfAbsentRefusesSecondPut(t *testing.T) {
	forEachBucket(t, func(t *testing.T, _ target, client *s3.Client, bucket string) {
		in := func(body string) *s3.PutObjectInput {
			return &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("key"), Body: strings.NewReader(body), IfNoneMatch: aws.String("*")}
		}
		if _, err := client.PutObject(t.Context(), in("first")); err != nil {
			t.Fatal(err)
		}
		_, err := client.PutObject(t.Context(), in("second"))
		wantCode(t, err, "PreconditionFailed")
		var response interface{ HTTPStatusCode() int }
		if !errors.As(err, &response) || response.HTTPStatusCode() != http.StatusPreconditionFailed {
			t.Errorf("got %v, want status 412", err)
		}
		if _, body := get(t, client, &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("key")}); body != "first" {
			t.Errorf("the refused put left %q", body)
		}
	})
}

func TestS3_OfRacingPutsIfAbsentOneWins(t *testing.T) {
	forEachBucket(t, func(t *testing.T, target target, client *s3.Client, bucket string) {
		if target.isMoto() {
			// S3 documents that one of concurrent conditional writes succeeds and the others get 412 or 409. Moto checks
			// and writes in two steps, so its threads may all succeed.
			t.Skip("moto does not make conditional puts atomic")
		}
		const writers = 16
		wins := make(chan string, writers)
		var all sync.WaitGroup
		for i := range writers {
			all.Go(func() {
				body := fmt.Sprint(i)
				_, err := client.PutObject(t.Context(), &s3.PutObjectInput{
					Bucket: &bucket, Key: aws.String("key"), Body: strings.NewReader(body), IfNoneMatch: aws.String("*"),
				})
				if err == nil {
					wins <- body
					return
				}
				wantCode(t, err, "PreconditionFailed")
			})
		}
		all.Wait()
		if len(wins) != 1 {
			t.Fatalf("%d puts succeeded, want 1", len(wins))
		}
		winner := <-wins
		if _, body := get(t, client, &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("key")}); body != winner {
			t.Errorf("the object is %q, but the put of %q succeeded", body, winner)
		}
	})
}

func TestS3_PutIfMatch(t *testing.T) {
	forEachBucket(t, func(t *testing.T, _ target, client *s3.Client, bucket string) {
		first := put(t, client, bucket, "key", "first")
		in := func(body string) *s3.PutObjectInput {
			return &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("key"), Body: strings.NewReader(body), IfMatch: first.ETag}
		}
		if _, err := client.PutObject(t.Context(), in("second")); err != nil {
			t.Fatal(err)
		}
		_, err := client.PutObject(t.Context(), in("third"))
		wantCode(t, err, "PreconditionFailed")
	})
}

func TestS3_GivenSHA256IsVerified(t *testing.T) {
	forEachBucket(t, func(t *testing.T, _ target, client *s3.Client, bucket string) {
		sum := sha256.Sum256([]byte("payload"))
		checksum := base64.StdEncoding.EncodeToString(sum[:])
		in := func(body string) *s3.PutObjectInput {
			return &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("key"), Body: strings.NewReader(body), ChecksumAlgorithm: types.ChecksumAlgorithmSha256, ChecksumSHA256: &checksum}
		}
		out, err := client.PutObject(t.Context(), in("payload"))
		if err != nil {
			t.Fatal(err)
		}
		if aws.ToString(out.ChecksumSHA256) != checksum {
			t.Errorf("the put answers checksum %q, want %q", aws.ToString(out.ChecksumSHA256), checksum)
		}
		got, body := get(t, client, &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("key"), ChecksumMode: types.ChecksumModeEnabled})
		if body != "payload" || aws.ToString(got.ChecksumSHA256) != checksum {
			t.Errorf("got %q with checksum %q, want %q", body, aws.ToString(got.ChecksumSHA256), checksum)
		}
	})
}

func TestS3_WrongSHA256IsBadDigest(t *testing.T) {
	forEachBucket(t, func(t *testing.T, target target, client *s3.Client, bucket string) {
		if target.isMoto() {
			// S3 answers 400 BadDigest to "The SHA256 you specified did not match the calculated checksum".
			t.Skip("moto stores what does not match its checksum")
		}
		sum := sha256.Sum256([]byte("payload"))
		_, err := client.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: &bucket, Key: aws.String("key"), Body: strings.NewReader("tampered"),
			ChecksumSHA256: aws.String(base64.StdEncoding.EncodeToString(sum[:])),
		})
		wantCode(t, err, "BadDigest")
		_, err = client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &bucket, Key: aws.String("key")})
		wantCode(t, err, "NotFound")
	})
}

func TestS3_EveryChecksumAlgorithmRoundTrips(t *testing.T) {
	forEachBucket(t, func(t *testing.T, target target, client *s3.Client, bucket string) {
		for _, algorithm := range types.ChecksumAlgorithm("").Values() {
			switch algorithm {
			case types.ChecksumAlgorithmCrc32, types.ChecksumAlgorithmCrc32c, types.ChecksumAlgorithmSha1,
				types.ChecksumAlgorithmSha256, types.ChecksumAlgorithmCrc64nvme:
			default:
				continue // the SDK does not compute the others
			}
			key := string(algorithm)
			_, err := client.PutObject(t.Context(), &s3.PutObjectInput{
				Bucket: &bucket, Key: &key, Body: strings.NewReader("payload"), ChecksumAlgorithm: algorithm,
			})
			if err != nil {
				t.Errorf("put with %s: %v", algorithm, err)
				continue
			}
			// The SDK verifies the checksum that comes with the object.
			if _, body := get(t, client, &s3.GetObjectInput{Bucket: &bucket, Key: &key}); body != "payload" {
				t.Errorf("%s: got %q", algorithm, body)
			}
		}
	})
}

func TestS3_GetRange(t *testing.T) {
	forEachBucket(t, func(t *testing.T, _ target, client *s3.Client, bucket string) {
		put(t, client, bucket, "key", "0123456789")
		for _, test := range []struct{ asked, body, contentRange string }{
			{"bytes=2-4", "234", "bytes 2-4/10"},
			{"bytes=7-", "789", "bytes 7-9/10"},
			{"bytes=-2", "89", "bytes 8-9/10"},
			{"bytes=8-99", "89", "bytes 8-9/10"},
		} {
			out, body := get(t, client, &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("key"), Range: &test.asked})
			if body != test.body || aws.ToString(out.ContentRange) != test.contentRange {
				t.Errorf("%s: got %q, %s", test.asked, body, aws.ToString(out.ContentRange))
			}
		}
		_, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("key"), Range: aws.String("bytes=10-")})
		wantCode(t, err, "InvalidRange")
	})
}

func TestS3_HeadObject(t *testing.T) {
	forEachBucket(t, func(t *testing.T, _ target, client *s3.Client, bucket string) {
		put(t, client, bucket, "key", "0123456789")
		out, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &bucket, Key: aws.String("key")})
		if err != nil {
			t.Fatal(err)
		}
		if *out.ContentLength != 10 {
			t.Errorf("length %d, want 10", *out.ContentLength)
		}
		_, err = client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &bucket, Key: aws.String("absent")})
		var notFound *types.NotFound
		if !errors.As(err, &notFound) {
			t.Errorf("got %v, want NotFound", err)
		}
	})
}

func TestS3_WhatIsAbsentSaysSo(t *testing.T) {
	forEachBucket(t, func(t *testing.T, _ target, client *s3.Client, bucket string) {
		_, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("absent")})
		var noKey *types.NoSuchKey
		if !errors.As(err, &noKey) {
			t.Errorf("got %v, want NoSuchKey", err)
		}
		absent := uniqueName("absent")
		_, err = client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &absent, Key: aws.String("key")})
		wantCode(t, err, "NoSuchBucket")
		_, err = client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &absent, Key: aws.String("key"), Body: strings.NewReader("")})
		wantCode(t, err, "NoSuchBucket")
		_, err = client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &absent})
		wantCode(t, err, "NoSuchBucket")
		_, err = client.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: &absent})
		wantCode(t, err, "NotFound")
	})
}

func TestS3_DeleteObject(t *testing.T) {
	forEachBucket(t, func(t *testing.T, _ target, client *s3.Client, bucket string) {
		put(t, client, bucket, "key", "1")
		for range 2 { // deleting what is absent is no error
			if _, err := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: aws.String("key")}); err != nil {
				t.Fatal(err)
			}
		}
		_, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &bucket, Key: aws.String("key")})
		wantCode(t, err, "NotFound")
	})
}

func TestS3_DeleteObjects(t *testing.T) {
	forEachBucket(t, func(t *testing.T, _ target, client *s3.Client, bucket string) {
		put(t, client, bucket, "a", "1")
		put(t, client, bucket, "b", "2")
		put(t, client, bucket, "c", "3")
		out, err := client.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: &bucket, Delete: &types.Delete{
			Objects: []types.ObjectIdentifier{{Key: aws.String("a")}, {Key: aws.String("c")}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Deleted) != 2 || len(out.Errors) != 0 {
			t.Errorf("deleted %v, errors %v", out.Deleted, out.Errors)
		}
		if keys, _ := list(t, client, &s3.ListObjectsV2Input{Bucket: &bucket}); !slices.Equal(keys, []string{"b"}) {
			t.Errorf("left are %v, want b", keys)
		}
	})
}

// list reads every page.
func list(t *testing.T, client *s3.Client, in *s3.ListObjectsV2Input) (keys, prefixes []string) {
	t.Helper()
	for pages := s3.NewListObjectsV2Paginator(client, in); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := int(*page.KeyCount); got != len(page.Contents)+len(page.CommonPrefixes) {
			t.Errorf("KeyCount is %d of %d keys and %d prefixes", got, len(page.Contents), len(page.CommonPrefixes))
		}
		for _, object := range page.Contents {
			keys = append(keys, *object.Key)
		}
		for _, prefix := range page.CommonPrefixes {
			prefixes = append(prefixes, *prefix.Prefix)
		}
	}
	return keys, prefixes
}

func TestS3_ListObjectsV2(t *testing.T) {
	forEachBucket(t, func(t *testing.T, _ target, client *s3.Client, bucket string) {
		for _, key := range []string{"b/2", "a", "b/1", "b/c/3", "bb", "c/1", "d"} {
			put(t, client, bucket, key, key)
		}
		for _, test := range []struct {
			name           string
			in             s3.ListObjectsV2Input
			keys, prefixes []string
		}{
			{"all, in order", s3.ListObjectsV2Input{}, []string{"a", "b/1", "b/2", "b/c/3", "bb", "c/1", "d"}, nil},
			{"prefix", s3.ListObjectsV2Input{Prefix: aws.String("b/")}, []string{"b/1", "b/2", "b/c/3"}, nil},
			{"prefix of nothing", s3.ListObjectsV2Input{Prefix: aws.String("x")}, nil, nil},
			{"delimiter", s3.ListObjectsV2Input{Delimiter: aws.String("/")}, []string{"a", "bb", "d"}, []string{"b/", "c/"}},
			{"prefix and delimiter", s3.ListObjectsV2Input{Prefix: aws.String("b/"), Delimiter: aws.String("/")}, []string{"b/1", "b/2"}, []string{"b/c/"}},
			{"prefix within a name", s3.ListObjectsV2Input{Prefix: aws.String("b"), Delimiter: aws.String("/")}, []string{"bb"}, []string{"b/"}},
			{"start after a key", s3.ListObjectsV2Input{StartAfter: aws.String("b/2")}, []string{"b/c/3", "bb", "c/1", "d"}, nil},
			{"start after an absent key", s3.ListObjectsV2Input{StartAfter: aws.String("b/1x")}, []string{"b/2", "b/c/3", "bb", "c/1", "d"}, nil},
			{"start after with a prefix", s3.ListObjectsV2Input{Prefix: aws.String("b/"), StartAfter: aws.String("b/1")}, []string{"b/2", "b/c/3"}, nil},
		} {
			for _, pageSize := range []int32{1, 2, 1000} {
				in := test.in
				in.Bucket, in.MaxKeys = &bucket, &pageSize
				keys, prefixes := list(t, client, &in)
				if !slices.Equal(keys, test.keys) || !slices.Equal(prefixes, test.prefixes) {
					t.Errorf("%s, %d a page: got %v %v, want %v %v", test.name, pageSize, keys, prefixes, test.keys, test.prefixes)
				}
			}
		}
	})
}

func TestS3_CopyObject(t *testing.T) {
	forEachBucket(t, func(t *testing.T, _ target, client *s3.Client, bucket string) {
		put(t, client, bucket, "from/a b", "payload")
		_, err := client.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: &bucket, Key: aws.String("to"), CopySource: aws.String(bucket + "/from/a%20b")})
		if err != nil {
			t.Fatal(err)
		}
		if _, body := get(t, client, &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("to")}); body != "payload" {
			t.Errorf("the copy is %q", body)
		}
	})
}

func TestS3_VersionedBucketKeepsWhatIsOverwrittenAndDeleted(t *testing.T) {
	forEachBucket(t, func(t *testing.T, _ target, client *s3.Client, bucket string) {
		_, err := client.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
			Bucket: &bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
		})
		if err != nil {
			t.Fatal(err)
		}
		config, err := client.GetBucketVersioning(t.Context(), &s3.GetBucketVersioningInput{Bucket: &bucket})
		if err != nil || config.Status != types.BucketVersioningStatusEnabled {
			t.Fatalf("versioning is %v, %v", config, err)
		}
		first := put(t, client, bucket, "key", "first")
		second := put(t, client, bucket, "key", "second")
		if aws.ToString(first.VersionId) == "" || *first.VersionId == aws.ToString(second.VersionId) {
			t.Fatalf("versions are %v and %v", first.VersionId, second.VersionId)
		}
		if _, err := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: aws.String("key")}); err != nil {
			t.Fatal(err)
		}
		_, err = client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("key")})
		wantCode(t, err, "NoSuchKey")
		if keys, _ := list(t, client, &s3.ListObjectsV2Input{Bucket: &bucket}); len(keys) != 0 {
			t.Errorf("a deleted object is listed: %v", keys)
		}
		if _, body := get(t, client, &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("key"), VersionId: first.VersionId}); body != "first" {
			t.Errorf("the first version is %q", body)
		}
		versions, err := client.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: &bucket})
		if err != nil {
			t.Fatal(err)
		}
		if len(versions.Versions) != 2 || len(versions.DeleteMarkers) != 1 || !*versions.DeleteMarkers[0].IsLatest {
			t.Errorf("listed are %d versions and %d delete markers", len(versions.Versions), len(versions.DeleteMarkers))
		}
		// A put on condition that nothing is there succeeds over a delete marker.
		_, err = client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("key"), Body: strings.NewReader("third"), IfNoneMatch: aws.String("*")})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestS3_MultipartUpload(t *testing.T) {
	forEachBucket(t, func(t *testing.T, _ target, client *s3.Client, bucket string) {
		key := aws.String("large")
		upload, err := client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: key})
		if err != nil {
			t.Fatal(err)
		}
		parts := [][]byte{bytes.Repeat([]byte("a"), 5<<20), []byte("the end")}
		var done []types.CompletedPart
		for i, part := range parts {
			number := aws.Int32(int32(i + 1))
			out, err := client.UploadPart(t.Context(), &s3.UploadPartInput{Bucket: &bucket, Key: key, UploadId: upload.UploadId, PartNumber: number, Body: bytes.NewReader(part)})
			if err != nil {
				t.Fatal(err)
			}
			done = append(done, types.CompletedPart{ETag: out.ETag, PartNumber: number})
		}
		_, err = client.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{
			Bucket: &bucket, Key: key, UploadId: upload.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: done},
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, body := get(t, client, &s3.GetObjectInput{Bucket: &bucket, Key: key}); body != string(bytes.Join(parts, nil)) {
			t.Errorf("got %d bytes", len(body))
		}
	})
}

func TestS3_BucketIsDeletedOnlyWhenEmpty(t *testing.T) {
	forEachBucket(t, func(t *testing.T, _ target, client *s3.Client, bucket string) {
		put(t, client, bucket, "key", "1")
		_, err := client.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: &bucket})
		wantCode(t, err, "BucketNotEmpty")
		if _, err := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: aws.String("key")}); err != nil {
			t.Fatal(err)
		}
		if _, err := client.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: &bucket}); err != nil {
			t.Error(err)
		}
	})
}

func TestS3_CreatingOwnBucketAgainSucceeds(t *testing.T) {
	forEachBucket(t, func(t *testing.T, _ target, client *s3.Client, bucket string) {
		put(t, client, bucket, "key", "1")
		if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
			t.Error(err) // in us-east-1 S3 answers 200
		}
		if _, body := get(t, client, &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("key")}); body != "1" {
			t.Errorf("got %q", body)
		}
	})
}

func BenchmarkS3_PutObjectIfAbsent1KB(b *testing.B) {
	client := s3.NewFromConfig(local(b).Config)
	bucket := createBucket(b, client)
	body := bytes.Repeat([]byte("x"), 1<<10)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			_, err := client.PutObject(b.Context(), &s3.PutObjectInput{
				Bucket: &bucket, Key: aws.String(uniqueName("key")), Body: bytes.NewReader(body), IfNoneMatch: aws.String("*"),
			})
			if err != nil {
				b.Error(err)
			}
		}
	})
	reportRate(b)
}

func BenchmarkS3_GetObject1KB(b *testing.B) {
	client := s3.NewFromConfig(local(b).Config)
	bucket := createBucket(b, client)
	_, err := client.PutObject(b.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("key"), Body: bytes.NewReader(make([]byte, 1<<10))})
	if err != nil {
		b.Fatal(err)
	}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			out, err := client.GetObject(b.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("key")})
			if err != nil {
				b.Error(err)
				continue
			}
			if _, err := io.Copy(io.Discard, out.Body); err != nil {
				b.Error(err)
			}
			out.Body.Close()
		}
	})
	reportRate(b)
}
