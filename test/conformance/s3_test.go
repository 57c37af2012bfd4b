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

	locals3 "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/s3"
)

func startS3(string) (http.Handler, error) { return locals3.New(locals3.Config{}) }

// testBucket represents a new bucket on a target.
type testBucket struct {
	*testing.T
	target target
	client *s3.Client
	name   *string
}

func forEachBucket(t *testing.T, fn func(b testBucket)) {
	t.Helper()
	forEachTarget(t, func(t *testing.T, target target) {
		client := s3.NewFromConfig(target.Config)
		fn(testBucket{t, target, client, aws.String(createBucket(t, client))})
	})
}

func createBucket(tb testing.TB, client *s3.Client) string {
	tb.Helper()
	name := uniqueName("bucket")
	_, err := client.CreateBucket(tb.Context(), &s3.CreateBucketInput{Bucket: &name})
	if err != nil {
		tb.Fatal(err)
	}
	return name
}

func (b testBucket) put(key, body string) *s3.PutObjectOutput {
	b.Helper()
	out, err := b.tryPut(body, s3.PutObjectInput{Key: &key})
	if err != nil {
		b.Fatalf("put %s: %v", key, err)
	}
	return out
}

// tryPut puts an object and returns the error, if any. The default key is "key".
func (b testBucket) tryPut(body string, input s3.PutObjectInput) (*s3.PutObjectOutput, error) {
	input.Bucket, input.Body = b.name, strings.NewReader(body)
	if input.Key == nil {
		input.Key = aws.String("key")
	}
	return b.client.PutObject(b.Context(), &input)
}

func (b testBucket) get(key string) (*s3.GetObjectOutput, string) {
	b.Helper()
	return b.getObject(s3.GetObjectInput{Key: &key})
}

func (b testBucket) getObject(in s3.GetObjectInput) (*s3.GetObjectOutput, string) {
	b.Helper()
	out, err := b.tryGet(in)
	if err != nil {
		b.Fatalf("get %s: %v", *in.Key, err)
	}
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	if err != nil {
		b.Fatalf("read %s: %v", *in.Key, err)
	}
	return out, string(body)
}

func (b testBucket) tryGet(in s3.GetObjectInput) (*s3.GetObjectOutput, error) {
	in.Bucket = b.name
	return b.client.GetObject(b.Context(), &in)
}

func (b testBucket) head(key string) (*s3.HeadObjectOutput, error) {
	in := &s3.HeadObjectInput{Bucket: b.name, Key: &key}
	return b.client.HeadObject(b.Context(), in)
}

func (b testBucket) delete(key string) {
	b.Helper()
	in := &s3.DeleteObjectInput{Bucket: b.name, Key: &key}
	if _, err := b.client.DeleteObject(b.Context(), in); err != nil {
		b.Fatalf("delete %s: %v", key, err)
	}
}

func TestS3_ReturnsBytesAndMetadata(t *testing.T) {
	forEachBucket(t, func(b testBucket) {
		body := "{\"é\":\t1}\r\n\x00\xff"
		putOut, err := b.tryPut(body, s3.PutObjectInput{
			Key: aws.String("bronze/démo/a b+c.json"), ContentType: aws.String("application/json"),
			Metadata: map[string]string{"event-type": "demo"},
		})
		if err != nil {
			b.Fatal(err)
		}
		out, got := b.get("bronze/démo/a b+c.json")
		if got != body {
			b.Errorf("body is %q, want %q", got, body)
		}
		if *out.ContentType != "application/json" || out.Metadata["event-type"] != "demo" {
			b.Errorf("content type %q and metadata %v", *out.ContentType, out.Metadata)
		}
		if *out.ContentLength != int64(len(body)) || *out.ETag != *putOut.ETag ||
			out.LastModified.IsZero() {
			b.Errorf("length %d, etag %s (put: %s), last modified %v",
				*out.ContentLength, *out.ETag, *putOut.ETag, out.LastModified)
		}
	})
}

func TestS3_PutReplacesMetadata(t *testing.T) {
	forEachBucket(t, func(b testBucket) {
		_, err := b.tryPut("1", s3.PutObjectInput{Metadata: map[string]string{"old": "yes"}})
		if err != nil {
			b.Fatal(err)
		}
		b.put("key", "2")
		out, body := b.get("key")
		if body != "2" || len(out.Metadata) != 0 {
			b.Errorf("got %q with metadata %v", body, out.Metadata)
		}
	})
}

func TestS3_StoresAnEmptyObject(t *testing.T) {
	forEachBucket(t, func(b testBucket) {
		b.put("empty", "")
		if _, body := b.get("empty"); body != "" {
			b.Errorf("got %q", body)
		}
	})
}

func TestS3_PutIfAbsentRejectsASecondPut(t *testing.T) {
	forEachBucket(t, func(b testBucket) {
		ifAbsent := s3.PutObjectInput{IfNoneMatch: aws.String("*")}
		if _, err := b.tryPut("first", ifAbsent); err != nil {
			b.Fatal(err)
		}
		_, err := b.tryPut("second", ifAbsent)
		wantErrorCode(b.T, err, "PreconditionFailed")
		var response interface{ HTTPStatusCode() int }
		if !errors.As(err, &response) || response.HTTPStatusCode() != 412 {
			b.Errorf("got %v, want status 412", err)
		}
		if _, body := b.get("key"); body != "first" {
			b.Errorf("body after a rejected put: %q", body)
		}
	})
}

func TestS3_OnlyOneOfConcurrentPutsIfAbsentSucceeds(t *testing.T) {
	forEachBucket(t, func(b testBucket) {
		if b.target.isMoto() {
			// In S3, one of several concurrent conditional writes succeeds and the others get 412
			// or 409. moto checks the condition and writes in two steps, so that several may
			// succeed.
			b.Skip("moto does not make conditional puts atomic")
		}
		const writers = 16
		winners := make(chan string, writers)
		var puts sync.WaitGroup
		for i := range writers {
			puts.Go(func() {
				body := fmt.Sprint(i)
				_, err := b.tryPut(body, s3.PutObjectInput{IfNoneMatch: aws.String("*")})
				if err == nil {
					winners <- body
					return
				}
				wantErrorCode(b.T, err, "PreconditionFailed")
			})
		}
		puts.Wait()
		if len(winners) != 1 {
			b.Fatalf("%d puts succeeded, want 1", len(winners))
		}
		winner := <-winners
		if _, body := b.get("key"); body != winner {
			b.Errorf("the object is %q, want %q", body, winner)
		}
	})
}

func TestS3_PutIfMatchRejectsAStaleETag(t *testing.T) {
	forEachBucket(t, func(b testBucket) {
		first := b.put("key", "first")
		ifFirst := s3.PutObjectInput{IfMatch: first.ETag}
		if _, err := b.tryPut("second", ifFirst); err != nil {
			b.Fatal(err)
		}
		_, err := b.tryPut("third", ifFirst)
		wantErrorCode(b.T, err, "PreconditionFailed")
	})
}

func TestS3_StoresAndReturnsSHA256(t *testing.T) {
	forEachBucket(t, func(b testBucket) {
		sum := sha256.Sum256([]byte("payload"))
		checksum := base64.StdEncoding.EncodeToString(sum[:])
		out, err := b.tryPut("payload", s3.PutObjectInput{
			ChecksumAlgorithm: types.ChecksumAlgorithmSha256, ChecksumSHA256: &checksum,
		})
		if err != nil {
			b.Fatal(err)
		}
		if got := aws.ToString(out.ChecksumSHA256); got != checksum {
			b.Errorf("checksum of the put: %q, want %q", got, checksum)
		}
		object, body := b.getObject(s3.GetObjectInput{
			Key: aws.String("key"), ChecksumMode: types.ChecksumModeEnabled,
		})
		if got := aws.ToString(object.ChecksumSHA256); body != "payload" || got != checksum {
			b.Errorf("got %q with checksum %q, want %q", body, got, checksum)
		}
	})
}

func TestS3_RejectsAWrongSHA256(t *testing.T) {
	forEachBucket(t, func(b testBucket) {
		if b.target.isMoto() {
			// S3 rejects the request with 400 BadDigest.
			b.Skip("moto does not verify checksums")
		}
		sum := sha256.Sum256([]byte("payload"))
		checksum := base64.StdEncoding.EncodeToString(sum[:])
		_, err := b.tryPut("tampered", s3.PutObjectInput{ChecksumSHA256: &checksum})
		wantErrorCode(b.T, err, "BadDigest")
		_, err = b.head("key")
		wantErrorCode(b.T, err, "NotFound")
	})
}

func TestS3_SupportsTheChecksumAlgorithmsOfTheSDK(t *testing.T) {
	forEachBucket(t, func(b testBucket) {
		for _, algorithm := range types.ChecksumAlgorithm("").Values() {
			switch algorithm {
			case types.ChecksumAlgorithmCrc32, types.ChecksumAlgorithmCrc32c,
				types.ChecksumAlgorithmSha1, types.ChecksumAlgorithmSha256,
				types.ChecksumAlgorithmCrc64nvme:
			default:
				continue // the SDK can't compute this algorithm
			}
			key := string(algorithm)
			_, err := b.tryPut("payload", s3.PutObjectInput{
				Key: &key, ChecksumAlgorithm: algorithm,
			})
			if err != nil {
				b.Errorf("put with %s: %v", algorithm, err)
				continue
			}
			// The SDK returns an error if the response's checksum is wrong.
			if _, body := b.get(key); body != "payload" {
				b.Errorf("%s: got %q", algorithm, body)
			}
		}
	})
}

func TestS3_ReturnsRanges(t *testing.T) {
	forEachBucket(t, func(b testBucket) {
		b.put("key", "0123456789")
		for _, test := range []struct{ requested, body, contentRange string }{
			{"bytes=2-4", "234", "bytes 2-4/10"},
			{"bytes=7-", "789", "bytes 7-9/10"},
			{"bytes=-2", "89", "bytes 8-9/10"},
			{"bytes=8-99", "89", "bytes 8-9/10"},
		} {
			out, body := b.getObject(s3.GetObjectInput{
				Key: aws.String("key"), Range: &test.requested,
			})
			contentRange := aws.ToString(out.ContentRange)
			if body != test.body || contentRange != test.contentRange {
				b.Errorf("%s: got %q, %s", test.requested, body, contentRange)
			}
		}
		_, err := b.tryGet(s3.GetObjectInput{
			Key: aws.String("key"), Range: aws.String("bytes=10-"),
		})
		wantErrorCode(b.T, err, "InvalidRange")
	})
}

func TestS3_HeadObjectReturnsLengthOrNotFound(t *testing.T) {
	forEachBucket(t, func(b testBucket) {
		b.put("key", "0123456789")
		out, err := b.head("key")
		if err != nil {
			b.Fatal(err)
		}
		if *out.ContentLength != 10 {
			b.Errorf("length %d, want 10", *out.ContentLength)
		}
		_, err = b.head("absent")
		var notFound *types.NotFound
		if !errors.As(err, &notFound) {
			b.Errorf("got %v, want NotFound", err)
		}
	})
}

func TestS3_ReportsAbsentKeysAndBuckets(t *testing.T) {
	forEachBucket(t, func(b testBucket) {
		_, err := b.tryGet(s3.GetObjectInput{Key: aws.String("absent")})
		var noKey *types.NoSuchKey
		if !errors.As(err, &noKey) {
			b.Errorf("got %v, want NoSuchKey", err)
		}
		b.name = aws.String(uniqueName("absent"))
		_, err = b.tryGet(s3.GetObjectInput{Key: aws.String("key")})
		wantErrorCode(b.T, err, "NoSuchBucket")
		_, err = b.tryPut("", s3.PutObjectInput{})
		wantErrorCode(b.T, err, "NoSuchBucket")
		_, err = b.client.ListObjectsV2(b.Context(), &s3.ListObjectsV2Input{Bucket: b.name})
		wantErrorCode(b.T, err, "NoSuchBucket")
		_, err = b.client.HeadBucket(b.Context(), &s3.HeadBucketInput{Bucket: b.name})
		wantErrorCode(b.T, err, "NotFound")
	})
}

func TestS3_DeletesAnObjectIdempotently(t *testing.T) {
	forEachBucket(t, func(b testBucket) {
		b.put("key", "1")
		for range 2 { // the second delete finds no object and must also succeed
			b.delete("key")
		}
		_, err := b.head("key")
		wantErrorCode(b.T, err, "NotFound")
	})
}

func TestS3_DeletesManyObjects(t *testing.T) {
	forEachBucket(t, func(b testBucket) {
		b.put("a", "1")
		b.put("b", "2")
		b.put("c", "3")
		objects := []types.ObjectIdentifier{{Key: aws.String("a")}, {Key: aws.String("c")}}
		out, err := b.client.DeleteObjects(b.Context(), &s3.DeleteObjectsInput{
			Bucket: b.name, Delete: &types.Delete{Objects: objects},
		})
		if err != nil {
			b.Fatal(err)
		}
		if len(out.Deleted) != 2 || len(out.Errors) != 0 {
			b.Errorf("deleted %v, errors %v", out.Deleted, out.Errors)
		}
		if keys, _ := b.list(s3.ListObjectsV2Input{}); !slices.Equal(keys, []string{"b"}) {
			b.Errorf("remaining keys: %v, want b", keys)
		}
	})
}

// list lists the bucket. It returns the keys and common prefixes of all pages.
func (b testBucket) list(in s3.ListObjectsV2Input) (keys, prefixes []string) {
	b.Helper()
	in.Bucket = b.name
	for pages := s3.NewListObjectsV2Paginator(b.client, &in); pages.HasMorePages(); {
		page, err := pages.NextPage(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if got := int(*page.KeyCount); got != len(page.Contents)+len(page.CommonPrefixes) {
			b.Errorf("KeyCount is %d for %d keys and %d prefixes",
				got, len(page.Contents), len(page.CommonPrefixes))
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

func TestS3_ListsObjectsInPages(t *testing.T) {
	forEachBucket(t, func(b testBucket) {
		for _, key := range []string{"b/2", "a", "b/1", "b/c/3", "bb", "c/1", "d"} {
			b.put(key, key)
		}
		for _, test := range []struct {
			name, prefix, delimiter, startAfter string
			keys, prefixes                      []string
		}{
			{"all keys in order", "", "", "",
				[]string{"a", "b/1", "b/2", "b/c/3", "bb", "c/1", "d"}, nil},
			{"prefix", "b/", "", "", []string{"b/1", "b/2", "b/c/3"}, nil},
			{"prefix without matches", "x", "", "", nil, nil},
			{"delimiter", "", "/", "", []string{"a", "bb", "d"}, []string{"b/", "c/"}},
			{"prefix and delimiter", "b/", "/", "", []string{"b/1", "b/2"}, []string{"b/c/"}},
			{"prefix within a name", "b", "/", "", []string{"bb"}, []string{"b/"}},
			{"start after a key", "", "", "b/2", []string{"b/c/3", "bb", "c/1", "d"}, nil},
			{"start after an absent key", "", "", "b/1x",
				[]string{"b/2", "b/c/3", "bb", "c/1", "d"}, nil},
			{"start after with a prefix", "b/", "", "b/1", []string{"b/2", "b/c/3"}, nil},
		} {
			for _, pageSize := range []int32{1, 2, 1000} {
				keys, prefixes := b.list(s3.ListObjectsV2Input{
					Prefix: nilIfEmpty(test.prefix), Delimiter: nilIfEmpty(test.delimiter),
					StartAfter: nilIfEmpty(test.startAfter), MaxKeys: &pageSize,
				})
				if !slices.Equal(keys, test.keys) || !slices.Equal(prefixes, test.prefixes) {
					b.Errorf("%s, page size %d: got %v %v, want %v %v",
						test.name, pageSize, keys, prefixes, test.keys, test.prefixes)
				}
			}
		}
	})
}

// nilIfEmpty returns a pointer to s, or nil if s is "".
func nilIfEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func TestS3_CopiesAnObject(t *testing.T) {
	forEachBucket(t, func(b testBucket) {
		b.put("from/a b", "payload")
		_, err := b.client.CopyObject(b.Context(), &s3.CopyObjectInput{
			Bucket: b.name, Key: aws.String("to"), CopySource: aws.String(*b.name + "/from/a%20b"),
		})
		if err != nil {
			b.Fatal(err)
		}
		if _, body := b.get("to"); body != "payload" {
			b.Errorf("the copy is %q", body)
		}
	})
}

func TestS3_VersioningKeepsOverwrittenAndDeletedObjects(t *testing.T) {
	forEachBucket(t, func(b testBucket) {
		const enabled = types.BucketVersioningStatusEnabled
		_, err := b.client.PutBucketVersioning(b.Context(), &s3.PutBucketVersioningInput{
			Bucket:                  b.name,
			VersioningConfiguration: &types.VersioningConfiguration{Status: enabled},
		})
		if err != nil {
			b.Fatal(err)
		}
		config, err := b.client.GetBucketVersioning(
			b.Context(), &s3.GetBucketVersioningInput{Bucket: b.name})
		if err != nil || config.Status != enabled {
			b.Fatalf("versioning is %v, %v", config, err)
		}
		first := b.put("key", "first")
		second := b.put("key", "second")
		firstID, secondID := aws.ToString(first.VersionId), aws.ToString(second.VersionId)
		if firstID == "" || firstID == secondID {
			b.Fatalf("versions are %q and %q", firstID, secondID)
		}
		b.delete("key")
		_, err = b.tryGet(s3.GetObjectInput{Key: aws.String("key")})
		wantErrorCode(b.T, err, "NoSuchKey")
		if keys, _ := b.list(s3.ListObjectsV2Input{}); len(keys) != 0 {
			b.Errorf("a deleted object is listed: %v", keys)
		}
		_, body := b.getObject(s3.GetObjectInput{
			Key: aws.String("key"), VersionId: first.VersionId,
		})
		if body != "first" {
			b.Errorf("the first version is %q", body)
		}
		listed, err := b.client.ListObjectVersions(
			b.Context(), &s3.ListObjectVersionsInput{Bucket: b.name})
		if err != nil {
			b.Fatal(err)
		}
		versions, markers := listed.Versions, listed.DeleteMarkers
		if len(versions) != 2 || len(markers) != 1 || !*markers[0].IsLatest {
			b.Errorf("listed %d versions and %d delete markers", len(versions), len(markers))
		}
		// If the newest version is a delete marker, the object counts as absent.
		_, err = b.tryPut("third", s3.PutObjectInput{IfNoneMatch: aws.String("*")})
		if err != nil {
			b.Error(err)
		}
	})
}

func TestS3_CompletesAMultipartUpload(t *testing.T) {
	forEachBucket(t, func(b testBucket) {
		key := aws.String("large")
		upload, err := b.client.CreateMultipartUpload(
			b.Context(), &s3.CreateMultipartUploadInput{Bucket: b.name, Key: key})
		if err != nil {
			b.Fatal(err)
		}
		parts := [][]byte{bytes.Repeat([]byte("a"), 5<<20), []byte("the end")}
		var done []types.CompletedPart
		for i, part := range parts {
			number := aws.Int32(int32(i + 1))
			out, err := b.client.UploadPart(b.Context(), &s3.UploadPartInput{
				Bucket: b.name, Key: key, UploadId: upload.UploadId, PartNumber: number,
				Body: bytes.NewReader(part),
			})
			if err != nil {
				b.Fatal(err)
			}
			done = append(done, types.CompletedPart{ETag: out.ETag, PartNumber: number})
		}
		_, err = b.client.CompleteMultipartUpload(b.Context(), &s3.CompleteMultipartUploadInput{
			Bucket: b.name, Key: key, UploadId: upload.UploadId,
			MultipartUpload: &types.CompletedMultipartUpload{Parts: done},
		})
		if err != nil {
			b.Fatal(err)
		}
		if _, body := b.get(*key); body != string(bytes.Join(parts, nil)) {
			b.Errorf("got %d bytes", len(body))
		}
	})
}

func TestS3_DeletesOnlyEmptyBuckets(t *testing.T) {
	forEachBucket(t, func(b testBucket) {
		b.put("key", "1")
		_, err := b.client.DeleteBucket(b.Context(), &s3.DeleteBucketInput{Bucket: b.name})
		wantErrorCode(b.T, err, "BucketNotEmpty")
		b.delete("key")
		_, err = b.client.DeleteBucket(b.Context(), &s3.DeleteBucketInput{Bucket: b.name})
		if err != nil {
			b.Error(err)
		}
	})
}

func TestS3_CreatesAnExistingBucketAgain(t *testing.T) {
	forEachBucket(t, func(b testBucket) {
		b.put("key", "1")
		_, err := b.client.CreateBucket(b.Context(), &s3.CreateBucketInput{Bucket: b.name})
		if err != nil {
			b.Error(err) // in us-east-1, the owner of a bucket may create it again
		}
		if _, body := b.get("key"); body != "1" {
			b.Errorf("got %q", body)
		}
	})
}

func BenchmarkS3_PutObjectIfAbsent1KB(b *testing.B) {
	client := s3.NewFromConfig(localTarget(b).Config)
	bucket := createBucket(b, client)
	body := bytes.Repeat([]byte("x"), 1<<10)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			_, err := client.PutObject(b.Context(), &s3.PutObjectInput{
				Bucket: &bucket, Key: aws.String(uniqueName("key")), Body: bytes.NewReader(body),
				IfNoneMatch: aws.String("*"),
			})
			if err != nil {
				b.Error(err)
			}
		}
	})
	reportRate(b)
}

func BenchmarkS3_GetObject1KB(b *testing.B) {
	client := s3.NewFromConfig(localTarget(b).Config)
	bucket := createBucket(b, client)
	_, err := client.PutObject(b.Context(), &s3.PutObjectInput{
		Bucket: &bucket, Key: aws.String("key"), Body: bytes.NewReader(make([]byte, 1<<10)),
	})
	if err != nil {
		b.Fatal(err)
	}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			out, err := client.GetObject(b.Context(), &s3.GetObjectInput{
				Bucket: &bucket, Key: aws.String("key"),
			})
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
