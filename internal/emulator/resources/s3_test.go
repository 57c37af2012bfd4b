package resources

import (
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cloudformation"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/s3"
)

func TestCreateBucket_GeneratesLowerCaseName(t *testing.T) {
	service, err := s3.New(s3.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := service.Close(); err != nil {
			t.Error(err)
		}
	})
	c := &creation{
		NewProvider(Services{S3: service}, Config{}),
		&cloudformation.Stack{StackDescription: cloudformation.StackDescription{Name: "My-Stack"}},
		cloudformation.Resource{LogicalID: "BronzeBucket"},
	}
	created, err := createBucket(c, bucketProperties{})
	if err != nil || !strings.HasPrefix(created.Ref, "my-stack-bronzebucket-") ||
		created.Ref != strings.ToLower(created.Ref) {
		t.Errorf("got %q, %v", created.Ref, err)
	}
}
