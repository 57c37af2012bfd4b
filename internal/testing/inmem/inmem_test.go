package inmem_test

import (
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/inmem"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/porttest"
)

func TestBucket(t *testing.T) {
	porttest.TestObjects(t, new(inmem.Bucket))
	porttest.TestObjectsRace(t, new(inmem.Bucket))
}

func TestItems(t *testing.T) {
	porttest.TestItems(t, new(inmem.Items))
	porttest.TestItemsRace(t, new(inmem.Items))
}

func TestCheckpoints(t *testing.T) { porttest.TestCheckpoints(t, new(inmem.Checkpoints)) }
